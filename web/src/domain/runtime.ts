import type { HostFigures, MiddlewareFigures } from '../api/runtimeShapes';
import { latency, percent, rate } from './format';
import type { Tone } from './tone';

/** From this share on a resource is short, and from `fullShare` on it is nearly used up. */
const shortShare = 0.8;
const fullShare = 0.95;

export function shareTone(share: number | undefined): Tone {
  if (share === undefined) return 'idle';
  return share >= fullShare ? 'bad' : share >= shortShare ? 'warn' : 'ok';
}

const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes with three digits: `512 B`, `4.1 MiB`, `23.5 GiB`. */
export function bytes(count: number): string {
  let step = 0;
  let value = Math.max(0, count);
  while (value >= 1000 && step < steps.length - 1) {
    value /= 1024;
    step++;
  }
  return `${step === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${steps[step]}`;
}

/** CPU in cores: `1.25`, `0.004`. */
export const cores = (count: number): string => (count >= 0.095 || count === 0 ? count.toFixed(2) : count.toFixed(3));

/** The shares of a host that can run out, each with what is used; the scarcest decides how the host stands. */
export function scarcities(host: HostFigures): { name: 'cpu' | 'memory' | 'disk' | 'space'; share: number }[] {
  const found: { name: 'cpu' | 'memory' | 'disk' | 'space'; share: number }[] = [];
  if (host.cpu !== undefined) found.push({ name: 'cpu', share: host.cpu });
  if (host.memoryTotal && host.memoryAvailable !== undefined) found.push({ name: 'memory', share: 1 - host.memoryAvailable / host.memoryTotal });
  const busy = host.disks.flatMap((disk) => disk.busy ?? []);
  if (busy.length > 0) found.push({ name: 'disk', share: Math.max(...busy) });
  const full = host.fileSystems.filter((one) => one.used + one.free > 0).map((one) => one.used / (one.used + one.free));
  if (full.length > 0) found.push({ name: 'space', share: Math.max(...full) });
  return found;
}

/** What is scarcest; undefined where nothing is known. */
export const scarcest = (host: HostFigures) => scarcities(host).sort((a, b) => b.share - a.share)[0];

/** The line of a trend in a box, for the `d` of a path; gaps where nothing is known. */
export function trendPath(trend: readonly (number | null)[], width: number, height: number): string {
  const step = trend.length > 1 ? width / (trend.length - 1) : width;
  let open = false;
  return trend
    .map((share, index) => {
      if (share === null) {
        open = false;
        return '';
      }
      const point = `${open ? 'L' : 'M'}${(index * step).toFixed(1)} ${((1 - Math.min(1, Math.max(0, share))) * height).toFixed(1)}`;
      open = true;
      return point;
    })
    .join('');
}

/** A key figure as people read it. */
export function keyFigure(figure: MiddlewareFigures['figures'][number]): string {
  const { unit, value } = figure;
  if (value === undefined) return '–';
  if (unit === 'By') return bytes(value);
  if (unit === 'share') return percent(value);
  if (unit === '/s') return `${rate(value)}/s`;
  return unit === 's' ? latency(value * 1000) : String(Math.round(value));
}
