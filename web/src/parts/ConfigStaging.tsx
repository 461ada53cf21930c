import { useEffect, useState } from 'react';
import { api } from '../api/client';
import type { ConfigStagingView } from '../api/configShapes';
import { Badge } from './Badges';
import { Confirm } from './Confirm';
import { useText } from './settings';

/** A publish that goes out in stages: how far it is, how who has it compares, and what is to become of it. */
export function ConfigStaging({ name }: { name: string }) {
  const text = useText();
  const [view, setView] = useState<ConfigStagingView>();
  const [asked, setAsked] = useState<'promote' | 'abort'>();
  useEffect(() => {
    const gone = new AbortController();
    const look = () => void api.configStaging(name, gone.signal).then(setView).catch(() => {});
    look();
    const timer = setInterval(look, 2000);
    return () => {
      gone.abort();
      clearInterval(timer);
    };
  }, [name]);
  const staged = view?.staged;
  if (!staged) return null;
  return (
    <section aria-label={text.shared.staged} data-testid="config-staging">
      <h2>{text.shared.staged}</h2>
      <p>{text.shared.stagedStep(staged.number, staged.step + 1, staged.plan.steps?.length || 3)}</p>
      <meter aria-label={text.shared.staged} min={0} max={view.chosen + view.others || 1} value={view.running} />
      <p className="quiet">{text.shared.stagedReaders(view.running, view.chosen, view.others)}</p>
      <p className="message">{view.message}</p>
      {Object.entries(view.reports).map(([service, report]) => (
        <p key={service} className="message"><Badge tone={report.verdict === 'harmful' ? 'bad' : report.verdict === 'noHarm' ? 'ok' : 'busy'} words={service} /> {report.message}</p>
      ))}
      <p>
        <button type="button" onClick={() => setAsked('promote')}>{text.shared.promote}</button>{' '}
        <button type="button" onClick={() => setAsked('abort')}>{text.shared.abort}</button>{' '}
        <button type="button" onClick={() => void api.stageConfig(name, staged.paused ? 'resume' : 'pause')}>{staged.paused ? text.shared.resume : text.shared.pause}</button>
      </p>
      {asked === 'promote' && (
        <Confirm title={text.shared.askPromote(name)} action={text.shared.promote} act={() => api.stageConfig(name, 'promote')} onClose={() => setAsked(undefined)}>
          <p className="quiet">{text.shared.promoteHint}</p>
        </Confirm>
      )}
      {asked === 'abort' && (
        <Confirm title={text.shared.askAbort(name)} action={text.shared.abort} act={() => api.stageConfig(name, 'abort')} onClose={() => setAsked(undefined)}>
          <p className="quiet">{text.shared.abortHint}</p>
        </Confirm>
      )}
    </section>
  );
}
