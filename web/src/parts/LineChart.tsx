import { useState } from 'react';
import { linePath, mostOf, nearest, roundAbove, type Line } from '../domain/charts';
import { clock } from '../domain/format';
import { useText } from './settings';

const [width, height] = [600, 110];

interface ChartProps {
  title: string;
  lines: readonly Line[];
  from: number;
  to: number;
  stepMs: number;
  show: (value: number) => string;
  /** The scale's end, where it is known. */
  most?: number;
  /** Times at which something changed, with words. */
  marks?: readonly { at: number; words: string }[];
}

/** Lines over time, with what is under the pointer in words. */
export function LineChart({ title, lines, from, to, stepMs, show, most, marks = [] }: ChartProps) {
  const text = useText().care;
  const [at, setAt] = useState<number>();
  const drawn = lines.filter((line) => line.points.length > 0).slice(0, 8);
  const scale = most ?? roundAbove(Math.max(...drawn.map(mostOf), 0));
  const words = drawn.map((line) => text.chartWords(line.name, show(line.points.at(-1)!.value), show(mostOf(line)))).join('; ');
  const move = (event: React.PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setAt(from + ((event.clientX - box.left) / Math.max(1, box.width)) * (to - from));
  };
  return (
    <figure className="chart" data-testid="chart">
      <figcaption><b>{title}</b> <span className="quiet">{at !== undefined ? clock(new Date(at)) : ''}</span></figcaption>
      {drawn.length === 0 ? (
        <p className="quiet">{text.noFigures}</p>
      ) : (
        <>
          <div className="chart-box">
            <span className="chart-most quiet">{show(scale)}</span>
            <svg viewBox={`0 -2 ${width} ${height + 4}`} preserveAspectRatio="none" role="img" aria-label={`${title}. ${words}`} onPointerMove={move} onPointerLeave={() => setAt(undefined)}>
              {marks.filter((mark) => mark.at >= from && mark.at <= to).map((mark) => <line key={mark.at} className="chart-mark" x1={((mark.at - from) / (to - from)) * width} x2={((mark.at - from) / (to - from)) * width} y1={0} y2={height} vectorEffect="non-scaling-stroke"><title>{mark.words}</title></line>)}
              {drawn.map((line, index) => <path key={line.name} className={`hue-${index}`} d={linePath(line, { from, to, most: scale, width, height, gapMs: stepMs * 3 })} vectorEffect="non-scaling-stroke" />)}
              {at !== undefined && <line className="chart-at" x1={((at - from) / (to - from)) * width} x2={((at - from) / (to - from)) * width} y1={0} y2={height} vectorEffect="non-scaling-stroke" />}
            </svg>
          </div>
          <ul className="share-legend chart-legend">
            {drawn.map((line, index) => {
              const value = at === undefined ? line.points.at(-1)!.value : nearest(line, at, stepMs * 2);
              return <li key={line.name}><i className={`hue-${index}`} aria-hidden="true" />{line.name} <b>{value === undefined ? '–' : show(value)}</b></li>;
            })}
          </ul>
        </>
      )}
    </figure>
  );
}
