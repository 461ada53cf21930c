import { api } from '../api/client';
import { subjectOf, valueAt } from '../domain/policyForm';
import { isObject, type Json } from '../domain/schema';
import { useLoad } from './hooks';
import { useText } from './settings';

/** How requests of a way are divided among versions or services, as it is declared. */
export function Split({ about, revision }: { about: string; revision: number }) {
  const text = useText().traffic;
  const subject = subjectOf(about);
  // The revision of the whole is enough to notice a change, and rises rarely.
  const { value } = useLoad(subject && `${about} ${revision}`, async (signal) => valueAt((await api.declared(subject!.plural, subject!.name, signal)).resource, [...subject!.path, 'split']));
  const parts = isObject(value) && Array.isArray(value.parts) ? (value.parts as readonly Json[]).filter(isObject) : [];
  if (parts.length === 0) return null;
  const total = parts.reduce((sum, part) => sum + (typeof part.weight === 'number' ? part.weight : 0), 0);
  return (
    <div data-testid="split">
      <h3>{text.split}{isObject(value) && typeof value.by === 'string' && <span className="quiet"> {value.by}</span>}</h3>
      <ul className="split">
        {parts.map((part, index) => {
          const share = typeof part.weight === 'number' && total > 0 ? part.weight / total : undefined;
          return (
            <li key={index}>
              <span className="split-name">{[part.to, part.version].filter(Boolean).join(' ') || text.anyVersion}</span>
              {share !== undefined && <meter min={0} max={1} value={share} aria-label={`${(share * 100).toFixed(0)}%`} />}
              <span>{share !== undefined ? `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%` : ''}</span>
              {isObject(part.when) && <code>{JSON.stringify(part.when)}</code>}
            </li>
          );
        })}
      </ul>
    </div>
  );
}
