import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { touches } from '../domain/changes';
import { busyShare, linesBy, roundSpan } from '../domain/charts';
import { percent } from '../domain/format';
import { bytes, cores } from '../domain/runtime';
import { useLoad } from './hooks';
import { LineChart } from './LineChart';
import { Problem } from './Problem';
import { useText } from './settings';

const everyMs = 10_000;
const spans: Readonly<Record<string, number>> = { '5m': 300_000, '15m': 900_000, '1h': 3_600_000 };
const steps = 120;

/** What a service's instances and their hosts used, with the versions that changed it as marks. */
export function ServiceCharts({ service, hosts, version }: { service: string; hosts: readonly string[]; version: number }) {
  const text = useText().care;
  const [span, setSpan] = useState('15m');
  const spanMs = spans[span]!;
  const stepMs = Math.max(2500, spanMs / steps);
  const at = [...new Set(hosts)].sort().map(quoted).join('|');
  const { value, problem, again } = useLoad(`${service} ${span} ${at}`, async (signal) => {
    const of = `service.name="${service}"`;
    const time = roundSpan(Date.now(), spanMs, stepMs);
    const ask = (query: string) => api.metrics(query, time, signal);
    const [cpu, memory, gc, pool, threads, host] = await Promise.all([
      ask(`rate(process.cpu.time{${of}}[30s])`), ask(`process.memory.usage{${of}}`), ask(`rate(dotnet.gc.pause.time{${of}}[30s])`), ask(`dotnet.thread_pool.queue.length{${of}}`), ask(`process.thread.count{${of}}`),
      at ? ask(`rate(system.cpu.time{host.name=~"${at}"}[30s])`) : [],
    ]);
    const instances = (series: typeof cpu) => linesBy(series, 'service.instance.id');
    return { time, cpu: instances(cpu), memory: instances(memory), gc: instances(gc), pool: instances(pool), threads: instances(threads), host: busyShare(host) };
  });
  const versions = useLoad(String(version), api.versions).value ?? [];
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), everyMs);
    return () => clearInterval(timer);
  }, [again]);
  if (problem) return <Problem of={problem} again={again} />;
  if (!value) return null;
  const marks = versions.filter((one) => touches(one.changes, service)).map((one) => ({ at: Date.parse(one.at), words: `#${one.number} ${one.message}` }));
  const common = { ...value.time, marks };
  return (
    <section aria-labelledby="charts">
      <div className="page-head">
        <h2 id="charts">{text.charts}</h2>
        <div className="switch" role="group" aria-label={text.span}>
          {Object.keys(spans).map((one) => <button key={one} type="button" aria-pressed={one === span} onClick={() => setSpan(one)}>{one}</button>)}
        </div>
      </div>
      <div className="charts">
        <LineChart {...common} title={text.chart.cpu} lines={value.cpu} show={cores} />
        <LineChart {...common} title={text.chart.memory} lines={value.memory} show={bytes} />
        <LineChart {...common} title={text.chart.hostCpu} lines={value.host} show={percent} most={1} />
        {value.gc.length > 0 && <LineChart {...common} title={text.chart.gc} lines={value.gc} show={percent} />}
        {value.pool.length > 0 && <LineChart {...common} title={text.chart.pool} lines={value.pool} show={(count) => count.toFixed(0)} />}
        {value.gc.length === 0 && <LineChart {...common} title={text.chart.threads} lines={value.threads} show={(count) => count.toFixed(0)} />}
      </div>
    </section>
  );
}

/** A name as a part of a regular expression within a quoted text. */
const quoted = (name: string): string => name.replaceAll(/[.\\+*?[^\]$(){}=!<>|:-]/g, '\\\\$&');
