import { useEffect, useState } from 'react';
import { api } from '../api/client';
import type { Queue } from '../api/types';
import { stamp } from '../domain/format';
import { bodyOf, messageStates, oldestOf, type MessageState, type QueueFigures } from '../domain/queues';
import { Badge } from '../parts/Badges';
import { Confirm } from '../parts/Confirm';
import { useLoad, useNow } from '../parts/hooks';
import { Link } from '../parts/navigation';
import { Problem } from '../parts/Problem';
import { Requests } from '../parts/Requests';
import { useText } from '../parts/settings';
import { useWatched } from '../parts/watched';

const everyMs = 2000;
const mostMessages = 100;

/** All queues with how they stand, and the messages of one of them. */
export default function QueuesPage({ name }: { name: string | undefined }) {
  const text = useText();
  const queues = useWatched<Queue>('queues');
  const beat = useNow(everyMs);
  const figures = useLoad(`${beat}`, (signal) => api.queues(signal));
  const shown = queues && [...queues].sort((a, b) => a.name.localeCompare(b.name));
  const one = shown?.find((queue) => queue.name === name);
  const of = (queue: string) => figures.value?.find((each) => each.name === queue);
  return (
    <div className="page">
      <h1>{text.queues.title}</h1>
      {!shown && <p className="quiet">{text.app.loading}</p>}
      {shown?.length === 0 && <p className="empty">{text.queues.none}</p>}
      {figures.problem && <Problem of={figures.problem} />}
      {shown && shown.length > 0 && <Queues of={shown} figuresOf={of} />}
      {one && <Messages key={one.name} of={one} figures={of(one.name)} />}
      <Requests />
    </div>
  );
}

function Queues({ of, figuresOf }: { of: readonly Queue[]; figuresOf: (queue: string) => QueueFigures | undefined }) {
  const text = useText();
  const words = text.queues;
  return (
    <div className="table-frame" tabIndex={0} role="region" aria-label={words.title}>
      <table data-testid="queues">
        <thead>
          <tr>{[words.queue, words.engine, words.to, words.ready, words.waiting, words.inFlight, words.dead, words.oldest, words.published, words.acked, words.retried].map((title) => <th key={title} scope="col">{title}</th>)}</tr>
        </thead>
        <tbody>
          {of.map((queue) => {
            const figures = figuresOf(queue.name);
            return (
              <tr key={queue.name}>
                <th scope="row"><Link to={{ page: 'queues', name: queue.name }}>{queue.name}</Link> {queue.spec.topics?.map((topic) => <span key={topic} className="tag">{topic}</span>)}</th>
                <td>{words.engines[queue.spec.engine ?? 'embedded']}</td>
                <td>{queue.spec.push ? <Link to={{ page: 'service', name: queue.spec.push.to }}>{queue.spec.push.to}</Link> : <span className="quiet">{words.pull}</span>}</td>
                <td className="number">{figures?.ready}</td>
                <td className="number">{figures?.waiting}</td>
                <td className="number">{figures?.inFlight}</td>
                <td className="number">{figures && figures.dead > 0 ? <Badge tone="bad" words={`${figures.dead}`} /> : figures?.dead}</td>
                <td className="number">{(figures && oldestOf(figures)) ?? text.app.none}</td>
                <td className="number">{figures?.published}</td>
                <td className="number">{figures?.acked}</td>
                <td className="number">{figures?.retried}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

type Asked = 'replay' | 'purge' | 'purgeDead';

function Messages({ of, figures }: { of: Queue; figures: QueueFigures | undefined }) {
  const text = useText();
  const words = text.queues;
  const [state, setState] = useState<MessageState>();
  const [asked, setAsked] = useState<Asked>();
  const messages = useLoad(`${of.name} ${state ?? ''}`, (signal) => api.queueMessages(of.name, state, mostMessages, signal));
  const { again } = messages;
  // What the figures say has changed is looked at again.
  const standing = figures && `${figures.ready} ${figures.waiting} ${figures.inFlight} ${figures.dead}`;
  useEffect(again, [standing, again]);
  const acts = {
    replay: { title: words.askReplay(of.name), hint: words.replayHint, action: words.replay, act: () => api.replayQueue(of.name) },
    purge: { title: words.askPurge(of.name), hint: words.purgeHint, action: words.purge, act: () => api.purgeQueue(of.name, false) },
    purgeDead: { title: words.askPurgeDead(of.name), hint: words.purgeDeadHint, action: words.purgeDead, act: () => api.purgeQueue(of.name, true) },
  };
  const asking = asked && acts[asked];
  return (
    <section aria-label={of.name} data-testid="messages">
      <h2>{of.name}</h2>
      <p className="filters">
        <label>
          {words.messages}{' '}
          <select value={state ?? ''} onChange={(event) => setState((event.target.value || undefined) as MessageState | undefined)}>
            <option value="">{words.all}</option>
            {messageStates.map((each) => <option key={each} value={each}>{words.state[each]}</option>)}
          </select>
        </label>{' '}
        <button type="button" onClick={again}>{words.refresh}</button>{' '}
        <button type="button" onClick={() => setAsked('replay')} disabled={!figures?.dead}>{words.replayAll}</button>{' '}
        <button type="button" onClick={() => setAsked('purgeDead')} disabled={!figures?.dead}>{words.purgeDead}</button>{' '}
        <button type="button" onClick={() => setAsked('purge')}>{words.purge}</button>
      </p>
      {messages.problem && <Problem of={messages.problem} />}
      {messages.value?.length === 0 && <p className="empty">{words.empty}</p>}
      {messages.value && messages.value.length > 0 && (
        <div className="table-frame" tabIndex={0} role="region" aria-label={words.messages}>
          <table>
            <thead>
              <tr>{[words.number, words.deliveries, words.at, words.key, words.type, words.body, ''].map((title, index) => <th key={index} scope="col">{title}</th>)}</tr>
            </thead>
            <tbody>
              {messages.value.map((message) => (
                <tr key={message.id}>
                  <th scope="row"><Badge tone={message.state === 'dead' ? 'bad' : message.state === 'inFlight' ? 'busy' : 'idle'} words={words.state[message.state] ?? message.state} /> {message.id}</th>
                  <td className="number">{message.attempt}</td>
                  <td>{stamp(new Date(message.at))}</td>
                  <td>{message.event.partitionkey ?? text.app.none}</td>
                  <td>{message.event.type}</td>
                  <td><code>{bodyOf(message)}</code>{message.why && <p className="message">{message.why}</p>}</td>
                  <td>{message.state === 'dead' && <button type="button" onClick={() => void api.replayQueue(of.name, [message.id]).finally(again)} aria-label={`${words.replay} ${message.id}`}>{words.replay}</button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {messages.value?.length === mostMessages && <p className="quiet">{words.more}</p>}
      {asking && (
        <Confirm title={asking.title} action={asking.action} act={asking.act} onClose={() => { setAsked(undefined); again(); }}>
          <p className="quiet">{asking.hint}</p>
        </Confirm>
      )}
    </section>
  );
}
