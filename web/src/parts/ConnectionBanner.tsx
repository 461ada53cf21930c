import { useState } from 'react';
import { token } from '../api/client';
import { live } from '../api/live';
import type { Connection } from '../domain/connection';
import { clock } from '../domain/format';
import { ToneGlyph } from './glyphs';
import { useCell, useNow } from './hooks';
import { useText } from './settings';

/** Says that what is shown is old, since when, and when the next attempt comes. */
export function ConnectionBanner() {
  const connection = useCell(live.connection);
  if (connection.state === 'refused') return <TokenForm />;
  return connection.state === 'lost' ? <Lost connection={connection} /> : null;
}

function Lost({ connection }: { connection: Extract<Connection, { state: 'lost' }> }) {
  const text = useText().connection;
  const now = useNow(500);
  const seconds = Math.ceil((connection.retryAt - now) / 1000);
  return (
    <div className="banner" data-testid="lost">
      <ToneGlyph tone="warn" size={16} />
      <span role="alert">{connection.shown === undefined ? text.never : text.lost(clock(new Date(connection.shown)))}</span>
      <span className="quiet">{seconds > 0 ? text.next(seconds) : text.trying}</span>
      <button type="button" onClick={live.retry}>
        {text.retry}
      </button>
    </div>
  );
}

function TokenForm() {
  const text = useText().token;
  const [value, setValue] = useState('');
  return (
    <form
      className="banner token"
      onSubmit={(event) => {
        event.preventDefault();
        token.set(value.trim());
        live.retry();
      }}
    >
      <label>
        <strong>{text.title}</strong> <span className="quiet">{text.hint}</span>
        <input type="password" autoComplete="off" required aria-label={text.label} value={value} onChange={(event) => setValue(event.target.value)} />
      </label>
      <button type="submit" className="primary">
        {text.submit}
      </button>
    </form>
  );
}
