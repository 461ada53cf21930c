import { useState } from 'react';
import { api } from '../api/client';
import type { ProblemDetails } from '../api/shapes';
import type { Explanation, PastRequest } from '../api/trafficShapes';
import { latency, stamp } from '../domain/format';
import type { Tone } from '../domain/tone';
import { Badge } from './Badges';
import { problemOf } from './hooks';
import { Problem } from './Problem';
import { useText } from './settings';

const verdictTone: Record<string, Tone> = { pass: 'ok', wait: 'busy', answer: 'busy', refuse: 'bad' };

/** Asks the gateways what they would do with a request, or what they did with one. */
export function ExplainForm() {
  const text = useText().traffic;
  const [method, setMethod] = useState('GET');
  const [url, setUrl] = useState('http://localhost/');
  const [headers, setHeaders] = useState('');
  const [id, setId] = useState('');
  const [answer, setAnswer] = useState<{ explanation?: Explanation; past?: PastRequest; problem?: ProblemDetails }>({});
  const ask = async (question: () => Promise<typeof answer>) => setAnswer(await question().catch((error: unknown) => ({ problem: problemOf(error) })));
  const explain = (event: React.FormEvent) => {
    event.preventDefault();
    const lines = headers.split('\n').map((line) => line.trim()).filter(Boolean);
    void ask(async () => ({ explanation: await api.explain({ method, url, headers: lines }) }));
  };
  const look = (event: React.FormEvent) => {
    event.preventDefault();
    void ask(async () => ({ past: await api.request(id.trim()) }));
  };
  return (
    <section aria-label={text.explain}>
      <h2>{text.explain}</h2>
      <p className="quiet">{text.explainHint}</p>
      <form className="ask" onSubmit={explain}>
        <select aria-label={text.method} value={method} onChange={(event) => setMethod(event.target.value)}>
          {['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((name) => <option key={name}>{name}</option>)}
        </select>
        <input className="grow" type="url" required aria-label="URL" value={url} onChange={(event) => setUrl(event.target.value)} />
        <button type="submit" className="primary">{text.explainDo}</button>
        <textarea rows={2} aria-label={text.headers} placeholder={`${text.headers}: Name: value`} value={headers} onChange={(event) => setHeaders(event.target.value)} />
      </form>
      <form className="ask" onSubmit={look}>
        <input className="grow" required aria-label={text.requestId} placeholder={text.requestId} value={id} onChange={(event) => setId(event.target.value)} />
        <button type="submit">{text.requestDo}</button>
      </form>
      <div aria-live="polite">
        {answer.problem && <Problem of={answer.problem} />}
        {answer.explanation && <Steps of={answer.explanation} />}
        {answer.past && <Past of={answer.past} />}
      </div>
    </section>
  );
}

function Steps({ of }: { of: Explanation }) {
  const text = useText().traffic;
  return (
    <>
      <div className="table-frame" tabIndex={0} role="region" aria-label={text.explain}>
        <table>
          <thead><tr><th scope="col">{text.station}</th><th scope="col">{text.verdict}</th><th scope="col">{text.why}</th></tr></thead>
          <tbody>
            {of.steps.map((step) => (
              <tr key={step.station}>
                <th scope="row">{step.station}</th>
                <td><Badge tone={verdictTone[step.verdict] ?? 'idle'} words={step.verdict} /></td>
                <td className="names">{step.why}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p data-testid="explained">→ {of.instance ? `${of.instance} (${of.service})` : `${text.ownAnswer}${of.status > 0 ? `: ${of.status}` : ''}${of.reason === 'none' ? '' : ` (${of.reason})`}`}</p>
    </>
  );
}

function Past({ of }: { of: PastRequest }) {
  const text = useText().traffic;
  return (
    <div className="past">
      <p><code>{of.start}</code></p>
      <p className="quiet">{stamp(new Date(of.at))} · {of.about || text.noWay}{of.instance ? ` · ${of.instance}` : ''} · {text.attempts(of.attempts)} · {latency(of.durationMs)}</p>
      <p><strong>{of.status > 0 ? of.status : text.cut}</strong>{of.reason !== 'none' && ` ${of.reason}${of.refusedBy ? ` (${of.refusedBy})` : ''}: ${of.detail}`}</p>
    </div>
  );
}
