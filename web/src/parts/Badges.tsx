import type { Criticality, MapInstance } from '../api/shapes';
import { word } from '../domain/i18n';
import { instanceTone, toneOf, type Tone } from '../domain/tone';
import { CriticalityBars, ToneGlyph } from './glyphs';
import { useText } from './settings';

interface Standing {
  state: string;
  reason: string;
  ready: number;
  wanted: number;
}

/** A state as shape and words: the state, and the reason where it says more. */
export function StateBadge({ of }: { of: Standing }) {
  const text = useText();
  return <Badge tone={toneOf(of)} words={stateWords(text, of)} />;
}

export function Badge({ tone, words }: { tone: Tone; words: string }) {
  return (
    <span className={`badge tone-${tone}`}>
      <ToneGlyph tone={tone} />
      <span>{words}</span>
    </span>
  );
}

const plain = new Set(['Serving', 'Starting', 'Declared', 'Stopped', '']);

/** `Run`, or `Failed · Build failed`. */
export function stateWords(text: ReturnType<typeof useText>, { state, reason }: { state: string; reason: string }): string {
  const name = word(text.state, state);
  const why = word(text.reason, reason);
  return plain.has(reason) || why === name ? name : `${name} · ${why}`;
}

/** The one that says more: the reason, or the state where the reason adds nothing. */
export const shortStateWords = (text: ReturnType<typeof useText>, { state, reason }: { state: string; reason: string }): string =>
  plain.has(reason) ? word(text.state, state) : word(text.reason, reason);

export function CriticalityBadge({ of }: { of: Criticality }) {
  const text = useText();
  return (
    <span className={`criticality is-${of}`} title={text.criticalityIs(text.criticality[of])}>
      <CriticalityBars criticality={of} />
      <span>{text.criticality[of]}</span>
    </span>
  );
}

const mostDots = 12;

/** A shape per instance, those of one host together. */
export function InstanceDots({ instances }: { instances: readonly MapInstance[] }) {
  const text = useText();
  return (
    <span className="dots" aria-hidden="true">
      {byHost(instances.slice(0, mostDots)).map(([host, group]) => (
        <span key={host} className="dots-host" title={host}>
          {group.map((instance) => (
            <ToneGlyph key={instance.id} tone={instanceTone(instance.state)} size={11} title={`${instance.id} · ${word(text.state, instance.state)}`} />
          ))}
        </span>
      ))}
      {instances.length > mostDots && <span className="dots-more">+{instances.length - mostDots}</span>}
    </span>
  );
}

function byHost(instances: readonly MapInstance[]): [string, MapInstance[]][] {
  const groups = new Map<string, MapInstance[]>();
  for (const instance of instances) groups.set(instance.host, [...(groups.get(instance.host) ?? []), instance]);
  return [...groups];
}
