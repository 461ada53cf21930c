import { useSyncExternalStore } from 'react';
import { preferred, texts, type Language, type Text } from '../domain/i18n';
import { Cell } from '../domain/store';
import { useCell } from './hooks';

export type Theme = 'auto' | 'light' | 'dark';

const themes: readonly Theme[] = ['auto', 'light', 'dark'];
const themeKey = 'mainstay.theme';
const languageKey = 'mainstay.language';

const stored = <T extends string>(key: string, allowed: readonly T[]): T | undefined => allowed.find((value) => value === localStorage.getItem(key));

const theme = new Cell<Theme>(stored(themeKey, themes) ?? 'auto');
const language = new Cell<Language>(stored(languageKey, ['en', 'zh']) ?? preferred(navigator.languages));

function show(): void {
  const root = document.documentElement;
  root.lang = language.get() === 'zh' ? 'zh-CN' : 'en';
  if (theme.get() === 'auto') delete root.dataset.theme;
  else root.dataset.theme = theme.get();
}

/** Applies the stored choices to the document and keeps it in step. */
export function startSettings(): void {
  show();
  theme.subscribe(show);
  language.subscribe(show);
}

export function nextTheme(): void {
  const next = themes[(themes.indexOf(theme.get()) + 1) % themes.length]!;
  theme.set(next);
  localStorage.setItem(themeKey, next);
}

export function switchLanguage(): void {
  const next = language.get() === 'en' ? 'zh' : 'en';
  language.set(next);
  localStorage.setItem(languageKey, next);
}

const dark = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : undefined;

/** Which colours are shown, for what is drawn and not styled; changes with the choice and with the system. */
export function useScheme(): 'light' | 'dark' {
  const chosen = useCell(theme);
  const system = useSyncExternalStore(watchSystem, () => (dark?.matches ? 'dark' : 'light'));
  return chosen === 'auto' ? system : chosen;
}

function watchSystem(listener: () => void): () => void {
  dark?.addEventListener('change', listener);
  return () => dark?.removeEventListener('change', listener);
}

export const useTheme = (): Theme => useCell(theme);
export const useLanguage = (): Language => useCell(language);
export const useText = (): Text => texts[useLanguage()];
