import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { roundSpan } from '../domain/charts';
import { examples, linesOf, querySpans, short } from '../domain/query';
import { useLoad } from '../parts/hooks';
import { LineChart } from '../parts/LineChart';
import { go } from '../parts/navigation';
import { Problem } from '../parts/Problem';
import { useText } from '../parts/settings';

const everyMs = 10_000;
const steps = 180;
const tabled = 100;

/** Any question to the store of series, as a chart and as figures. */
export default function QueryPage({ query, span }: { query: string; span: string }) {
  const text = useText().care;
  const [typed, setTyped] = useState(query);
  const spanMs = querySpans[span] ?? querySpans['15m']!;
  const stepMs = Math.max(5000, spanMs / steps);
  const { value, problem, loading, again } = useLoad(query ? `${query} ${span}` : undefined, async (signal) => {
    const time = roundSpan(Date.now(), spanMs, stepMs);
    return { time, lines: linesOf(await api.metrics(query, time, signal)) };
  });
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && again(), everyMs);
    return () => clearInterval(timer);
  }, [again]);
  return (
    <div className="page">
      <h1>{text.query}</h1>
      <form className="ask" role="search" onSubmit={(event) => { event.preventDefault(); go({ page: 'query', query: typed.trim(), span }); }}>
        <textarea rows={2} required spellCheck={false} data-search aria-label={text.question} placeholder={text.question} value={typed} onChange={(event) => setTyped(event.target.value)} />
        <div className="switch" role="group" aria-label={text.span}>
          {Object.keys(querySpans).map((one) => <button key={one} type="button" aria-pressed={one === span} onClick={() => go({ page: 'query', query, span: one })}>{one}</button>)}
        </div>
        <button type="submit" className="primary">{text.askDo}</button>
      </form>
      {!query && (
        <ul className="examples">
          {examples.map((one) => <li key={one}><button type="button" onClick={() => { setTyped(one); go({ page: 'query', query: one, span }); }}><code>{one}</code></button></li>)}
        </ul>
      )}
      {problem && <Problem of={problem} again={again} />}
      {loading && !value && <p className="quiet">{text.asking}</p>}
      {value && !problem && query && (
        <>
          <LineChart {...value.time} title={text.seriesCount(value.lines.length)} lines={value.lines} show={short} />
          {value.lines.length > 0 && (
            <div className="table-frame" tabIndex={0} role="region" aria-label={text.figures}>
              <table data-testid="series">
                <thead><tr><th scope="col">{text.series}</th><th scope="col" className="number">{text.lastValue}</th></tr></thead>
                <tbody>{value.lines.slice(0, tabled).map((line) => <tr key={line.name}><th scope="row" className="names">{line.name}</th><td className="number">{line.points.length > 0 ? short(line.points.at(-1)!.value) : '–'}</td></tr>)}</tbody>
              </table>
            </div>
          )}
        </>
      )}
    </div>
  );
}
