import { useState, type ReactNode } from 'react';
import type { ProblemDetails } from '../api/shapes';
import { Dialog } from './Dialog';
import { problemOf } from './hooks';
import { Problem } from './Problem';
import { useText } from './settings';

export interface ConfirmProps {
  title: string;
  action: string;
  act: () => Promise<void>;
  onClose: (did: boolean) => void;
  /** Whether it can be done now. Default: it can. */
  ready?: boolean;
  children: ReactNode;
}

/** Asks once more before something is done, and stays open with the problem where it fails. */
export function Confirm({ title, action, act, onClose, ready = true, children }: ConfirmProps) {
  const text = useText();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDetails>();
  const submit = async (event: React.FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await act();
      onClose(true);
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={() => onClose(false)}>
      <form onSubmit={(event) => void submit(event)}>
        {children}
        {problem && <Problem of={problem} />}
        <div className="dialog-actions">
          <button type="button" onClick={() => onClose(false)}>{text.app.cancel}</button>
          <button type="submit" className="primary" disabled={busy || !ready}>{action}</button>
        </div>
      </form>
    </Dialog>
  );
}
