import { en } from './en';
import { zh } from './zh';

/** Every sentence of the dashboard; a language that lacks one does not compile. */
export type Text = typeof en;

export type Language = 'en' | 'zh';

export const texts: Record<Language, Text> = { en, zh };

/** The first language of the browser's list that there is; English where there is none. */
export function preferred(languages: readonly string[]): Language {
  for (const language of languages) {
    const base = language.toLowerCase().split('-')[0];
    if (base === 'zh' || base === 'en') return base;
  }
  return 'en';
}

/** The translation of a state or reason word; words of a newer server are shown as they are. */
export const word = (words: Readonly<Record<string, string>>, key: string): string => words[key] ?? key;
