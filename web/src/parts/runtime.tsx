import { useEffect, useState } from 'react';
import type { InstanceFigures, RuntimeAnswer } from '../api/runtimeShapes';
import { Stream } from '../api/stream';
import { percent, rate } from '../domain/format';
import { bytes, shareTone, trendPath } from '../domain/runtime';
import { useText } from './settings';

/** The live figures of hosts, instances and middleware, followed while the component is shown. */
export function useRuntime(): RuntimeAnswer | undefined {
  const [runtime, setRuntime] = useState<RuntimeAnswer>();
  useEffect(() => {
    const stream = new Stream({
      path: () => 'runtime?watch=true',
      onEvent: ({ event, data }) => {
        if (event === 'runtime') setRuntime(JSON.parse(data) as RuntimeAnswer);
      },
    });
    return () => stream.close();
  }, []);
  return runtime;
}

const width = 120;
const height = 26;

/** Shares over the last minutes as a line; the newest and the highest are said in words. */
export function Sparkline({ of, label }: { of: readonly (number | null)[]; label: string }) {
  const text = useText();
  const known = of.filter((share) => share !== null);
  const last = known.at(-1);
  if (last === undefined) return <span className="quiet">{text.app.none}</span>;
  const words = text.hosts.trend(label, percent(last), percent(Math.max(...known)));
  return (
    <svg className={`spark tone-${shareTone(last)}`} role="img" aria-label={words} viewBox={`0 -1 ${width} ${height + 2}`} width={width} height={height} preserveAspectRatio="none">
      <title>{words}</title>
      <path d={trendPath(of, width, height)} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

/** What an instance uses, in one line. */
export function InstanceUse({ of }: { of: InstanceFigures | undefined }) {
  const text = useText().hosts;
  if (!of) return null;
  const dotNet = of.dotNet;
  const parts = [
    of.cpu !== undefined && text.cores(of.cpu.toFixed(2)),
    of.memory !== undefined && bytes(of.memory),
    of.threads !== undefined && text.threads(of.threads),
    dotNet?.heap !== undefined && text.heap(bytes(dotNet.heap)),
    dotNet?.collections !== undefined && text.collections(rate(dotNet.collections), percent(dotNet.paused ?? 0)),
    (dotNet?.poolQueue ?? 0) > 0 && text.queued(dotNet!.poolQueue!),
  ].filter(Boolean);
  return <span className="instance-use" data-testid="instance-use">{parts.join(' · ')}</span>;
}
