import { useEffect, useState } from 'react';
import { Stream } from '../api/stream';
import type { ListAnswer } from '../api/shapes';
import type { Event } from '../api/types';
import { newestFirst, withEvent, type SeverityFilter, showsEvent } from '../domain/events';
import { EventList } from '../parts/EventList';
import { useText } from '../parts/settings';

/** What happened to everything, newest first, as it happens. */
export default function EventsPage() {
  const text = useText();
  const events = useEvents();
  const [severity, setSeverity] = useState<SeverityFilter>('all');
  const [words, setWords] = useState('');
  const shown = events?.filter((event) => showsEvent(event, severity, words));
  return (
    <div className="page">
      <h1>{text.events.title}</h1>
      <div className="logs-tools">
        <input type="search" data-search placeholder={`${text.events.filter}  /`} aria-label={text.events.filter} value={words} onChange={(event) => setWords(event.target.value)} />
        <div className="switch" role="group" aria-label={text.events.filter}>
          {(['all', 'warning', 'error'] as const).map((level) => (
            <button key={level} type="button" aria-pressed={severity === level} onClick={() => setSeverity(level)}>
              {text.events.severity[level]}
            </button>
          ))}
        </div>
      </div>
      {!shown && <p className="quiet">{text.app.loading}</p>}
      {shown && (shown.length === 0 ? <p className="empty">{text.events.empty}</p> : <EventList events={shown} />)}
    </div>
  );
}

function useEvents(): readonly Event[] | undefined {
  const [events, setEvents] = useState<readonly Event[]>();
  useEffect(() => {
    const stream = new Stream({
      path: () => 'events?watch=true',
      onEvent: ({ event, data }) => {
        if (event === 'list') setEvents(newestFirst((JSON.parse(data) as ListAnswer<Event>).items));
        else if (event === 'put') setEvents((last) => withEvent(last ?? [], JSON.parse(data) as Event));
        else if (event === 'delete') setEvents((last) => last?.filter(({ name }) => name !== (JSON.parse(data) as { name: string }).name));
      },
    });
    return () => stream.close();
  }, []);
  return events;
}
