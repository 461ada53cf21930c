import { useEffect, useState } from 'react';
import { api } from '../api/client';
import { clock, stamp } from '../domain/format';
import { after, marksOf, stepOf, travelSpans } from '../domain/travel';
import { Icon } from './glyphs';
import { useLoad, useNow } from './hooks';
import { useText } from './settings';

/** After the last move, so that a drag asks few times. */
const restMs = 120;

/** The slider of the map's time, with what changed as marks on it. `at` is undefined for now. */
export function TimeTravel({ at, onTravel, problem }: { at: number | undefined; onTravel: (at: number | undefined) => void; problem: string | undefined }) {
  const text = useText().sight;
  const [span, setSpan] = useState('1h');
  const [place, setPlace] = useState(at);
  const now = useNow(10_000);
  const spanMs = travelSpans[span]!;
  const step = stepOf(spanMs);
  const to = Math.floor(now / step) * step;
  const from = Math.min(to - spanMs, at ?? to);
  const { value: changes } = useLoad(`changes ${span} ${Math.floor(now / 30_000)}`, (signal) => api.changesSince(from, signal));
  useEffect(() => setPlace(at), [at]);
  useEffect(() => {
    if (place === at) return;
    const timer = setTimeout(() => onTravel(place), restMs);
    return () => clearTimeout(timer);
  }, [place]);
  const marks = marksOf(changes ?? [], from, to, step);
  const words = place === undefined ? text.travelNow : stamp(new Date(place));
  const move = (value: number) => setPlace(value >= to ? undefined : value);
  return (
    <div className={`travel${place === undefined ? '' : ' is-past'}`} data-testid="travel">
      <label className="travel-span">
        <span className="unseen">{text.travelSpan}</span>
        <select value={span} onChange={(event) => setSpan(event.target.value)}>{Object.keys(travelSpans).map((one) => <option key={one}>{one}</option>)}</select>
      </label>
      <div className="travel-track">
        <input type="range" min={from} max={to} step={step} value={place ?? to} aria-label={text.travel} aria-valuetext={words} title={text.travelHint} onChange={(event) => move(Number(event.target.value))} />
        {marks.map((mark) => (
          <button key={mark.at} type="button" className="travel-mark" style={{ left: `${mark.place * 100}%` }} title={`${clock(new Date(mark.at))}: ${mark.words.join('; ')}`} aria-label={`${text.travelChange}, ${clock(new Date(mark.at))}: ${mark.words.join('; ')}`} onClick={() => move(after(mark.at, step, now))} />
        ))}
      </div>
      <output className="travel-at">{problem ?? words}</output>
      {place !== undefined && (
        <button type="button" onClick={() => { setPlace(undefined); onTravel(undefined); }}>
          <Icon name="play" size={12} /> {text.travelBack}
        </button>
      )}
    </div>
  );
}
