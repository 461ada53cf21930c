import type { ConfigDraft, ConfigSpace } from '../api/types';

/** A name space as the list shows it: published, only edited, or both. */
export interface ConfigRow {
  name: string;
  layer: ConfigSpace['content']['layer'];
  version: number | undefined;
  parents: readonly string[];
  draft: ConfigDraft | undefined;
  /** The manifest says what it holds. */
  declared: boolean;
  /** The version that some readers have already. */
  staged: number | undefined;
}

/** Shares as they are written, `5%, 25 %,50`: none where nothing is. */
export function sharesOf(text: string): string[] {
  return text.split(',').map((one) => one.replace(/\s/g, '')).filter((one) => one !== '').map((one) => (one.endsWith('%') ? one : `${one}%`));
}

/** Every name space that is published or edited, by name. */
export function rowsOf(spaces: readonly ConfigSpace[], drafts: readonly ConfigDraft[]): ConfigRow[] {
  const names = [...new Set([...spaces, ...drafts].map(({ name }) => name))].sort((a, b) => a.localeCompare(b));
  return names.map((name) => {
    const space = spaces.find((one) => one.name === name);
    const draft = drafts.find((one) => one.name === name);
    const content = (space ?? draft)!.content;
    return { name, layer: content.layer, version: space?.version, parents: [...content.inherits, ...(content.template ? [content.template] : [])], draft, declared: space?.declared !== undefined, staged: space?.staged?.number };
  });
}

/** The environments that a name space, or one that it inherits, has values for. */
export function environmentsOf(name: string, spaces: readonly ConfigSpace[], seen: readonly string[] = []): string[] {
  const content = spaces.find((one) => one.name === name)?.content;
  if (!content || seen.includes(name)) return [];
  const inherited = content.inherits.flatMap((parent) => environmentsOf(parent, spaces, [...seen, name]));
  return [...new Set([...Object.keys(content.values), ...inherited])].filter((one) => one !== '*').sort();
}
