import { expect, it } from 'vitest';
import { age, latency, percent, rate, tally } from './format';

it.each([[0, '0'], [0.04, '0'], [0.4, '0.4'], [9.96, '10'], [182.4, '182'], [999.6, '1.0k'], [12_345, '12k']])('rate %d reads %s', (value, words) => expect(rate(value)).toBe(words));

it.each([[0, '0%'], [0.0004, '<0.1%'], [0.0243, '2.4%'], [0.0996, '10%'], [1, '100%']])('ratio %d reads %s', (value, words) => expect(percent(value)).toBe(words));

it.each([[0, '–'], [0.42, '0.4 ms'], [9.96, '10 ms'], [34.4, '34 ms'], [999.6, '1.0 s'], [1234, '1.2 s']])('latency %d reads %s', (value, words) => expect(latency(value)).toBe(words));

it.each([[0, [0, 's']], [59_999, [59, 's']], [60_000, [1, 'm']], [3_600_000, [1, 'h']], [90_000_000, [1, 'd']], [-5, [0, 's']]])('age %d is %j', (ms, expected) => expect(age(0, ms)).toEqual(expected));

it.each([[0, '0'], [8, '8'], [999, '999'], [20_411, '20k'], [1_204_333, '1.2M'], [31_000_000, '31M']])('count %d reads %s', (value, words) => expect(tally(value)).toBe(words));
