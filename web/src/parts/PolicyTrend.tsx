import { trendPath } from '../domain/runtime';
import { shares, stretches, type PolicyTrend as Trend } from '../domain/trends';
import { useText } from './settings';

const width = 150;

/** How a policy stood in the last minutes: a strip of its states, and for limits the limit with what was in flight below it. */
export function PolicyTrend({ of, kind }: { of: Trend; kind: string }) {
  const text = useText();
  const limited = of.limits.some((limit) => limit > 0) && ['adaptive', 'concurrency'].includes(kind);
  const largest = Math.max(...of.limits, ...of.inFlight);
  const words = limited ? text.traffic.trend(of.limits.at(-1) ?? 0, largest, of.inFlight.at(-1) ?? 0) : stretches(of.tones).map(({ tone, length }) => `${text.tone[tone]} ${length} s`).join(', ');
  const step = width / Math.max(60, of.tones.length);
  return (
    <svg className="policy-trend" width={width} height={limited ? 34 : 8} viewBox={`0 0 ${width} ${limited ? 34 : 8}`} role="img" aria-label={words}>
      <title>{words}</title>
      {limited && <path className="trend-limit" d={trendPath(shares(of.limits, largest), step * (of.limits.length - 1), 24)} />}
      {limited && <path className="trend-used" d={trendPath(shares(of.inFlight, largest), step * (of.limits.length - 1), 24)} />}
      {stretches(of.tones).map(({ tone, from, length }) => (
        <rect key={from} className={`tone-${tone}`} x={from * step} y={limited ? 28 : 1} width={Math.max(1, length * step)} height={tone === 'bad' ? 6 : 4} />
      ))}
    </svg>
  );
}
