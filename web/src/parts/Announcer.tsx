import { live } from '../api/live';
import { word } from '../domain/i18n';
import { useCell } from './hooks';
import { useText } from './settings';

const mostNames = 5;

/** Tells screen readers which services changed their state, without taking the focus. */
export function Announcer() {
  const text = useText();
  const names = useCell(live.changed);
  const shown = names.slice(0, mostNames).map((name) => {
    const service = live.services.get(name);
    return service ? `${name} ${word(text.state, service.state)}` : name;
  });
  const more = names.length > mostNames ? ` +${names.length - mostNames}` : '';
  return (
    <div className="unseen" aria-live="polite" data-testid="announcer">
      {shown.length > 0 && text.app.updated(shown.join(', ') + more)}
    </div>
  );
}
