import { useState } from 'react';
import { api } from '../api/client';
import { stamp } from '../domain/format';
import { inOrder, toneOf, wishesFor, type RequestView, type RequestWish } from '../domain/requests';
import { Badge } from './Badges';
import { Confirm } from './Confirm';
import { useLoad, useNow } from './hooks';
import { useText } from './settings';

const everyMs = 5000;

function told({ callback }: RequestView, words: Record<string, string>) {
  return callback && <span title={callback.url}>{new URL(callback.url).host}: {words[callback.state] ?? callback.state} ({callback.tries})</span>;
}

/** The requests that gateways remember; nothing where there are none. */
export function Requests() {
  const text = useText();
  const words = text.queues.requests;
  const beat = useNow(everyMs);
  const requests = useLoad(`requests ${beat}`, (signal) => api.requests(signal));
  const [asked, setAsked] = useState<{ of: RequestView; wish: RequestWish }>();
  if (!requests.value?.items.length) return null;
  return (
    <section aria-label={words.title} data-testid="requests">
      <h2>{words.title}</h2>
      <p className="quiet">{words.hint}</p>
      <div className="table-frame" tabIndex={0} role="region" aria-label={words.title}>
        <table>
          <thead>
            <tr>{[words.request, words.route, words.kind, words.attempts, words.answered, words.at, words.key, words.callback, ''].map((title, index) => <th key={index} scope="col">{title}</th>)}</tr>
          </thead>
          <tbody>
            {inOrder(requests.value.items).map((request) => (
              <tr key={request.id}>
                <th scope="row"><Badge tone={toneOf(request.state)} words={words.state[request.state] ?? request.state} /> <code>{request.id.slice(0, 8)}</code></th>
                <td>{request.route}</td>
                <td>{request.accepted ? words.later : words.once}</td>
                <td className="number">{request.attempts}</td>
                <td className="number">{request.status ?? text.app.none}</td>
                <td>{stamp(new Date(request.at))}</td>
                <td>{request.key ?? text.app.none}{request.why && <p className="message">{request.why}</p>}</td>
                <td>{told(request, words.told) ?? text.app.none}{request.callback?.why && <p className="message">{request.callback.why}</p>}</td>
                <td>
                  {wishesFor(request).map((wish) => (
                    <button key={wish} type="button" onClick={() => setAsked({ of: request, wish })} aria-label={`${words[wish]} ${request.id.slice(0, 8)}`}>{words[wish]}</button>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {asked && (
        <Confirm title={words.ask[asked.wish]} action={words[asked.wish]} act={() => api.changeRequest(asked.of.id, asked.wish)} onClose={() => { setAsked(undefined); requests.again(); }}>
          <p className="quiet">{words.why[asked.wish]}</p>
        </Confirm>
      )}
    </section>
  );
}
