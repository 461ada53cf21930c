import { describe, expect, it } from 'vitest';
import { saidZh } from './said.zh';

const sources = import.meta.glob<string>('../../../../src/Observe/Correlate/*.cs', { query: '?raw', import: 'default', eager: true });

/** Sentences that the server makes, with names in the place of what it puts in: those without quotes inside. */
function sentences(source: string): string[] {
  const found = [...source.matchAll(/(?:Evidence\.Of|new Evidence|new|Symptom\.\w+, node\.Criticality,|Say\([^"]*|Out\(service,|Shed\(hurt,|Restart\(service,)\(?(?:\(?)\$?"((?:[^"{}]|\{[^"{}]*\})+)"/g)].map((one) => one[1]!);
  return found.filter((one) => / [a-z]/.test(one)).map((one) => one.replaceAll('{title}', 'a → b').replaceAll(/\{[^{}]*\}/g, '7'));
}

describe('what the server says, in Chinese', () => {
  it('is told of symptoms, causes and what to do', () => {
    expect(saidZh('route shop fails for 31% of its requests, usually 0.1%')).toBe('路由 shop 有 31% 的请求失败，平时 0.1%');
    expect(saidZh('route shop takes 820 ms on average, usually 12.5 ms: row lock, database/orders-db')).toBe('路由 shop 平均耗时 820 ms，平时 12.5 ms：行锁，database/orders-db');
    expect(saidZh('the slowest of 100 requests to route shop takes 1200 ms, usually 80 ms')).toBe('发往路由 shop 的请求，一百个中最慢的耗时 1200 ms，平时 80 ms');
    expect(saidZh('the slowest of 100 requests to orders takes 1200 ms, usually 80 ms')).toBe('发往 orders 的请求，一百个中最慢的耗时 1200 ms，平时 80 ms');
    expect(saidZh('orders-db transactions that wait for locks: 0 → 5')).toBe('orders-db 中等待锁的事务：0 → 5');
    expect(saidZh('orders → orders-db: 2.1 ms → 812 ms')).toBe('orders → orders-db: 2.1 ms → 812 ms');
    expect(saidZh('reviews 1.1.0 → 1.2.0, 14 s before it began')).toBe('reviews 1.1.0 → 1.2.0，在开始之前 14 秒');
    expect(saidZh('limit the requests to web: fewer requests reach the database; more instances would only ask it more; declare \'traffic: { levels }\' so that it can be done by criticality')).toBe('限制发往 web 的请求：让到达数据库的请求变少；增加实例只会让它更忙；声明“traffic: { levels }”后可按重要性限制');
    expect(saidZh('web is critical and cannot do without reviews, which is only low (web → a → reviews)')).toBe('web 的重要性为关键，却离不开重要性只有低的 reviews (web → a → reviews)');
  });

  it('leaves what it does not know as it is', () => {
    for (const words of ['too many checkouts fail', 'a: b', '']) expect(saidZh(words)).toBe(words);
  });

  it('knows every sentence that the server makes', () => {
    const all = Object.entries(sources).flatMap(([file, source]) => (/(Suspects|Diagnose|BlameWalk|Advice)\.cs$/.test(file) ? sentences(source) : []));
    expect(all.length).toBeGreaterThan(40);
    const unknown = all.filter((one) => [one, `${one}: 1 → 2`].every((form) => !/[\u4e00-\u9fff]/.test(saidZh(form))));
    expect(unknown).toEqual([]);
  });
});
