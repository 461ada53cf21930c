import type { FieldChange } from '../api/types';
import { grouped, type Change } from '../domain/changes';
import { Link } from './navigation';
import { useText } from './settings';

/** Field changes, those of one service or route together. */
export function Changes({ changes }: { changes: readonly FieldChange[] }) {
  const text = useText();
  if (changes.length === 0) return <p className="quiet">{text.history.same}</p>;
  return (
    <div className="changes">
      {grouped(changes).map((group) => (
        <section key={group.name}>
          <h3>{group.service ? <Link to={{ page: 'service', name: group.service }}>{group.name}</Link> : group.name}</h3>
          <ul>
            {group.changes.map((change) => (
              <Row key={change.path} change={change} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

const signs = { added: '+', removed: '−', changed: '~' } as const;

function Row({ change }: { change: Change }) {
  const text = useText();
  return (
    <li className={`change is-${change.kind}`}>
      <span className="sign" title={text.history[change.kind]} aria-label={text.history[change.kind]} role="img">
        {signs[change.kind]}
      </span>
      {change.path && <code className="path">{change.path}</code>}
      {change.kind !== 'added' && <del>{change.before}</del>}
      {change.kind === 'changed' && <span aria-hidden="true">→</span>}
      {change.kind !== 'removed' && <ins>{change.after}</ins>}
    </li>
  );
}
