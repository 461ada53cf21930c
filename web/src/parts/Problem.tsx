import type { ProblemDetails } from '../api/shapes';
import { ToneGlyph } from './glyphs';
import { useText } from './settings';

/** What went wrong, why, and what to do about it. */
export function Problem({ of, again }: { of: ProblemDetails; again?: () => void }) {
  const text = useText();
  const unreachable = of.status === 0 && of.title === 'unreachable';
  return (
    <div className="problem" role="alert">
      <ToneGlyph tone="bad" size={18} />
      <div>
        <strong>{unreachable ? text.problem.unreachable : of.title || text.problem.title}</strong>
        {of.detail && <p>{of.detail}</p>}
        {(of.remedy || unreachable) && <p className="remedy">{unreachable ? text.problem.unreachableHint : of.remedy}</p>}
        {of.problems && of.problems.length > 0 && (
          <ul>
            {of.problems.map((problem) => (
              <li key={problem.path + problem.what}>
                <code>{problem.path}</code> {problem.what}; {problem.remedy}
              </li>
            ))}
          </ul>
        )}
        {again && (
          <button type="button" onClick={again}>
            {text.problem.retry}
          </button>
        )}
      </div>
    </div>
  );
}
