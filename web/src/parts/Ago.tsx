import { age, stamp } from '../domain/format';
import { useNow } from './hooks';
import { useText } from './settings';

/** How long ago, as one number and unit; the exact local time on hover. */
export function Ago({ at }: { at: string | undefined }) {
  const now = useNow(5000);
  const text = useText();
  if (!at) return <span className="quiet">{text.app.none}</span>;
  const date = new Date(at);
  const [count, unit] = age(date.getTime(), now);
  return (
    <time dateTime={at} title={stamp(date)}>
      {text.age[unit](count)}
    </time>
  );
}
