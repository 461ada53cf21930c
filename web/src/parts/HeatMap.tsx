import { useMemo, useState } from 'react';
import { clock, rate } from '../domain/format';
import { boundWords, rangeOf, strength, type Heat, type Mark } from '../domain/heat';
import { Link } from './navigation';
import { useText } from './settings';

/** Durations over time: the darker, the more requests took so long. */
export function HeatMap({ of, from, to, stepMs, exemplars = [] }: { of: Heat; from: number; to: number; stepMs: number; exemplars?: readonly Mark[] }) {
  const { care: text, sight } = useText();
  const [under, setUnder] = useState<{ time: number; range: number }>();
  // Ranges below the fastest and above the slowest request say nothing.
  const [low, high] = useMemo(() => {
    const used = of.bounds.map((_, range) => of.cells.some((row) => row[range]! > 0));
    return [Math.max(0, used.indexOf(true) - 1), Math.min(of.bounds.length - 1, used.lastIndexOf(true) + 1)];
  }, [of]);
  const rows = high - low + 1;
  const width = Math.max(1, Math.round((to - from) / stepMs));
  const words = (time: number, range: number) => text.heatCell(boundWords(range > 0 ? of.bounds[range - 1]! : 0), boundWords(of.bounds[range]!), rate(of.cells[time]![range]!), clock(new Date(of.times[time]!)));
  return (
    <figure className="chart heat" data-testid="heat">
      <figcaption><b>{text.heat}</b> <span className="quiet">{under && words(under.time, under.range)}</span></figcaption>
      {of.most === 0 ? (
        <p className="quiet">{text.noFigures}</p>
      ) : (
        <div className="heat-box">
          <div className="heat-scale" aria-hidden="true"><span>{boundWords(of.bounds[high]!)}</span><span>{boundWords(low > 0 ? of.bounds[low - 1]! : 0)}</span></div>
          <div className="heat-field">
          <svg viewBox={`0 0 ${width} ${rows}`} preserveAspectRatio="none" role="img" aria-label={text.heatWords} shapeRendering="crispEdges" onPointerLeave={() => setUnder(undefined)}>
            {of.times.map((at, time) =>
              of.cells[time]!.slice(low, high + 1).map((value, row) =>
                value > 0 ? <rect key={`${at} ${row}`} x={(at - from) / stepMs - 1} y={rows - 1 - row} width={1.02} height={1.02} opacity={strength(value, of.most)} onPointerEnter={() => setUnder({ time, range: low + row })} /> : null,
              ),
            )}
          </svg>
            {exemplars.filter((mark) => mark.at >= from && mark.at <= to && rangeOf(of.bounds, mark.seconds) >= low && rangeOf(of.bounds, mark.seconds) <= high).map((mark) => {
              const words = sight.exemplar(clock(new Date(mark.at)), boundWords(mark.seconds));
              return <Link key={mark.trace} to={{ page: 'trace', id: mark.trace }} className="exemplar" aria-label={words} title={words} style={{ left: `${((mark.at - from) / (to - from)) * 100}%`, bottom: `${((rangeOf(of.bounds, mark.seconds) - low + 0.5) / rows) * 100}%` }} />;
            })}
          </div>
        </div>
      )}
    </figure>
  );
}
