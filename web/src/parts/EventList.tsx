import type { Event } from '../api/types';
import { clock, stamp } from '../domain/format';
import { word } from '../domain/i18n';
import type { Tone } from '../domain/tone';
import { ToneGlyph } from './glyphs';
import { Link } from './navigation';
import { useText } from './settings';

const severityTones: Record<string, Tone> = { info: 'idle', warning: 'warn', error: 'bad' };

/** Events in the order given, newest first by custom. */
export function EventList({ events, about = true }: { events: readonly Event[]; about?: boolean }) {
  const text = useText();
  const today = new Date().toDateString();
  return (
    <ol className="events">
      {events.map((event) => {
        const at = new Date(event.at);
        return (
          <li key={event.name} className={`severity-${event.severity}`}>
            <ToneGlyph tone={severityTones[event.severity] ?? 'idle'} title={word(text.events.severityIs, event.severity)} />
            <time dateTime={event.at} title={stamp(at)}>
              {at.toDateString() === today ? clock(at) : stamp(at)}
            </time>
            {about && <About about={event.about} />}
            <strong>{word(text.reason, event.reason)}</strong>
            <span className="event-message">{text.said(event.message)}</span>
          </li>
        );
      })}
    </ol>
  );
}

function About({ about }: { about: string }) {
  const [kind, name] = about.split('/');
  return kind === 'service' && name ? (
    <Link to={{ page: 'service', name }} className="about">
      {name}
    </Link>
  ) : (
    <span className="about">{about}</span>
  );
}
