import { describe, expect, it } from 'vitest';
import { preferred, texts } from '.';

describe('i18n', () => {
  it.each([[['zh-CN', 'en'], 'zh'], [['fr', 'en-GB'], 'en'], [['ja'], 'en'], [[], 'en']])('%j prefers %s', (languages, expected) => expect(preferred(languages)).toBe(expected));

  it('lists the same keys in every language', () => expect(texts.zh.help.keys.length).toBe(texts.en.help.keys.length));
});
