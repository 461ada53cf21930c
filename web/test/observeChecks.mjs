// Checks of the pages about telemetry; run by browser.mjs.
import assert from 'node:assert/strict';
import { largeTrace, slowTrace } from './observe.mjs';

export const observePages = {
  '/traces': '.trace-row',
  [`/traces/${slowTrace}`]: '.rows .row',
  '/top?of=statements&window=5m': '.top-list',
  '/logs': '.record',
  '/now': '[data-testid=trouble]',
  '/incidents/inc-2': '[data-testid=incident]',
  '/checkup': '[data-testid=health] tbody tr',
  '/query?q=sum(process.memory.usage)&span=1h': '[data-testid=series]',
  '/objectives': '[data-testid=objective]',
  '/logs?show=patterns': '[data-testid=patterns] .record',
  '/why?of=reviews': '[data-testid=impact]',
};

export async function checkObserve(check) {
  await check('traces are found, a wrong search says what to do, and one leads to its waterfall', { path: '/traces', expectErrors: true }, async (page) => {
    await page.locator('.trace-row').nth(10).waitFor();
    await page.getByLabel('At least').fill('soon');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('alert').filter({ hasText: 'give a duration such as 250ms' }).waitFor();
    await page.getByLabel('At least').fill('');
    await page.getByLabel('Outcome').selectOption('failed');
    await page.getByLabel('Operation').fill('POST /checkout');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.waitForURL('**/traces?operation=POST+%2Fcheckout&error=true');
    await page.locator('.trace-row.is-bad').first().click();
    await page.waitForURL(`**/traces/${slowTrace}`);
    await page.getByText('420 ms').first().waitFor();
  });

  await check('a waterfall shows the critical path, self time and what a span knows', { path: `/traces/${slowTrace}` }, async (page) => {
    await page.getByRole('treeitem', { name: /orders SELECT shop ?, 290 ms, self time 290 ms, on the critical path, failed/ }).click();
    const detail = page.getByTestId('span');
    await detail.getByText('lock timeout').waitFor();
    assert.match(await detail.innerText(), /FOR UPDATE[\s\S]*postgresql[\s\S]*LockTimeout/);
    assert.equal(await page.locator('.rows .row.is-critical').count(), 4);
    await page.getByText('290 ms on the critical path', { exact: false }).or(page.getByText('320 ms on the critical path')).first().waitFor();
    await detail.getByRole('link', { name: 'Others like it' }).click();
    await page.waitForURL('**/traces?service=orders&operation=SELECT+shop');
  });

  await check('1,200 spans: few rows in the document, all of them by keys', { path: `/traces/${largeTrace}` }, async (page) => {
    const tree = page.getByRole('tree');
    await page.locator('.rows .row').first().waitFor();
    assert.ok((await page.locator('.rows .row').count()) < 80, 'all rows are in the document');
    await tree.focus();
    await page.keyboard.press('End');
    await page.getByRole('treeitem', { name: /step 1199 ?,/ }).and(page.locator('[aria-selected="true"]')).waitFor();
    assert.ok((await page.locator('.rows .row').count()) < 80, 'rows are left behind');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowLeft');
    await page.getByText('+1199').waitFor();
    assert.equal(await page.locator('.rows .row').count(), 1);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('z');
    await page.getByRole('button', { name: 'Whole trace' }).click();
    await page.getByRole('button', { name: 'Whole trace' }).waitFor({ state: 'detached' });
    // Processor time of the page while somebody runs through all of it.
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    const busyMs = async () => (await cdp.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value * 1000;
    const before = await busyMs();
    await tree.focus();
    for (let i = 0; i < 60; i++) await page.keyboard.press('PageDown');
    await page.locator('[aria-selected="true"]').filter({ hasText: 'step 1199' }).waitFor();
    const each = ((await busyMs()) - before) / 60;
    assert.ok(each < 60, `${each.toFixed(1)} ms of processor time per page of rows`);
    return `${each.toFixed(1)} ms of processor time per page of rows`;
  });

  await check('top lists stand side by side, and lead to traces', { path: '/top' }, async (page) => {
    const lists = page.getByTestId('tops');
    await lists.waitFor();
    assert.match(await lists.getByRole('region', { name: 'Most called' }).innerText(), /GET \/search\s+940/);
    assert.match(await lists.getByRole('region', { name: 'Slowest' }).innerText(), /POST \/checkout\s+420 ms/);
    await page.getByRole('button', { name: 'Statements' }).click();
    await page.waitForURL('**/top?of=statements&window=5m');
    await lists.getByRole('region', { name: 'Most heat' }).getByText('FOR UPDATE').click();
    await page.waitForURL(`**/traces/${slowTrace}`);
  });

  await check('what is wrong now: one card per cause, its symptoms, who is hurt, the likely cause and its evidence', { path: '/now' }, async (page) => {
    const card = page.getByTestId('trouble').filter({ hasText: 'reviews' }).first();
    await card.getByText('Row lock').waitFor();
    const text = await card.innerText();
    for (const words of ['Crash loop', '\\d\\d% of the requests to it fail', 'web', 'critical services among them', 'confidence 82%', '0 → 14', 'Failed traces']) assert.match(text, new RegExp(words));
    assert.match(await page.getByTestId('findings').innerText(), /Critical on lesser[\s\S]*reviews/);
    await page.getByText('No version was made.').waitFor();
    await card.getByRole('link', { name: 'Trace', exact: true }).click();
    await page.waitForURL(`**/traces/${slowTrace}`);
  });

  await check('an incident tells its cause, what to do and its story; somebody takes it and ends it', { path: '/now' }, async (page) => {
    await page.getByTestId('incidents').getByRole('link', { name: /wait for locks/ }).click();
    await page.waitForURL('**/incidents/inc-2');
    const one = page.getByTestId('incident');
    await one.waitFor();
    const text = await one.innerText();
    for (const words of ['Row lock', 'confidence 82%', 'came back 1 time', 'suggested', '--admit 192', 'Felt p99 34 ms → 1.2 s', 'Noticed', 'chat \\(firing\\)']) assert.match(text, new RegExp(words));
    await one.getByRole('button', { name: 'I am at it' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'I am at it' }).click();
    await one.getByText('Somebody is at it · dashboard', { exact: false }).waitFor();
    await one.getByRole('button', { name: 'It is over' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'It is over' }).click();
    await page.getByText('nothing goes on').waitFor();
    assert.equal(await page.getByTestId('incidents').locator('.incident-row').count(), 2);
  });

  await check('why and who is hurt can be asked of anything; what is unknown is said', { path: '/why', expectErrors: true }, async (page) => {
    const field = page.getByRole('search').getByRole('combobox');
    await field.fill('nothing');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByRole('alert').filter({ hasText: "there is no 'nothing'" }).waitFor();
    await field.fill('orders');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByText('It is as usual.').waitFor();
    assert.match(await page.getByTestId('impact').innerText(), /orders-api\s+62%\s+41\s+\+210 ms/);
  });

  await check('any question is answered as a chart and figures; what cannot be asked is told with its place', { path: '/query', expectErrors: true }, async (page) => {
    await page.getByRole('button', { name: /histogram_quantile/ }).click();
    await page.waitForURL('**/query?q=histogram_quantile*');
    await page.getByTestId('chart').waitFor();
    await page.getByRole('search').getByRole('textbox').fill('nonsense(x)');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByRole('alert').filter({ hasText: "1:1: there is no function 'nonsense'" }).waitFor();
    await page.getByRole('search').getByRole('textbox').fill('process.memory.usage');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByRole('rowheader', { name: 'service.instance.id=orders-1' }).waitFor();
    await page.getByText('2 series').waitFor();
  });

  await check('the check-up tells what is left, and what each service uses', { path: '/checkup' }, async (page) => {
    await page.getByTestId('health').getByRole('row').filter({ hasText: 'orders' }).waitFor();
    assert.match(await page.getByTestId('capacity').innerText(), /local[\s\S]*12%[\s\S]*37%[\s\S]*88%/);
    await page.getByText('FOR UPDATE').first().waitFor();
  });

  await check('the map is laid over with heat, errors, change or criticality, in words too', {}, async (page) => {
    const card = (id) => page.locator(`.card[data-id="${id}"]`);
    await card('reviews').waitFor();
    await page.getByLabel('Overlay').selectOption({ label: 'Errors' });
    await page.locator('.card.shade-4[data-id="reviews"]').filter({ hasText: /3\d%|2\d%/ }).waitFor();
    await page.getByLabel('Overlay').selectOption({ label: 'Criticality' });
    await page.locator('.card.shade-1[data-id="reviews"]').waitFor();
    await page.getByLabel('Overlay').selectOption({ label: 'none' });
    await page.locator('.card.shade-0[data-id="reviews"]').waitFor();
  });

  await check('logs are searched as one types, and lead to their trace', { path: '/logs' }, async (page) => {
    const records = page.getByTestId('records').locator('.record');
    await records.nth(50).waitFor();
    await page.getByLabel('Search logs').pressSequentially('lock time');
    await page.waitForURL('**/logs?text=lock+time');
    await page.getByText('40 records').waitFor();
    assert.equal(await records.first().locator('mark').innerText(), 'lock time');
    await page.getByLabel('Service', { exact: true }).fill('orders');
    await page.getByText('20 records').waitFor();
    await records.first().getByRole('button').click();
    await records.first().getByText('t1').or(records.first().getByText('t3')).waitFor();
    await records.first().getByRole('link', { name: 'Trace' }).click();
    await page.waitForURL(`**/traces/${slowTrace}`);
    await page.getByRole('link', { name: 'Its logs' }).click();
    await page.waitForURL(`**/logs?trace=${slowTrace}`);
    await page.getByText('40 records').waitFor();
  });

  await check('objectives tell their budgets, those in need first, and lead to a change', { path: '/objectives' }, async (page) => {
    const first = page.getByTestId('objective').first();
    await first.getByRole('heading', { name: 'checkout' }).waitFor();
    const text = await first.innerText();
    for (const words of ['at least 99.9% over 30d', 'was 99.85%', '2.8 nines', 'spent, and 49% more than it was', '21.3 over 1h, 30.1 over 5m', 'too fast', '3 incidents', '9 min', '4 d 15 h', 'lasts 6 d 10 h']) assert.ok(text.includes(words), `no "${words}" in ${text}`);
    await page.getByText('no requests yet').waitFor();
    await page.getByTestId('rules').getByText('many-errors').waitFor();
    assert.match((await first.getByRole('link', { name: 'Change' }).getAttribute('href')) ?? '', /policies\?about=objective%2Fcheckout/);
  });

  await check('an objective that is not declared yet begins with its form', { path: '/objectives', expectErrors: true }, async (page) => {
    await page.getByTestId('objective').first().waitFor();
    await page.getByLabel('Name', { exact: true }).fill('browse');
    await page.getByRole('button', { name: 'New objective' }).click();
    await page.waitForURL('**/policies?about=objective%2Fbrowse');
    await page.getByText('It is not declared yet').waitFor();
  });

  await check('a statement tells which APIs run it and how often, and a search says where it stopped', { path: '/top?of=statements&window=5m' }, async (page) => {
    const rows = page.getByTestId('paths').locator('tbody tr');
    await rows.filter({ hasText: 'POST /checkout' }).filter({ hasText: '7×' }).waitFor();
    await page.getByLabel('Statement or API').fill('GET /');
    await rows.filter({ hasText: 'POST /checkout' }).waitFor({ state: 'detached' });
    await page.goto(`${new URL(page.url()).origin}/traces?operation=seldom`);
    await page.getByTestId('incomplete').waitFor();
  });

  await check('patterns of logs: the new ones first, filtered, and their records', { path: '/logs' }, async (page) => {
    await page.getByTestId('show-patterns').click();
    await page.waitForURL('**/logs?show=patterns');
    const rows = page.getByTestId('patterns').locator('.record');
    await rows.filter({ hasText: 'cannot reach the bank' }).filter({ hasText: 'new' }).waitFor();
    await page.getByText('5 of 37 patterns').waitFor();
    await page.getByLabel('Service', { exact: true }).fill('orders');
    await page.getByText('2 of 37 patterns').waitFor();
    await rows.first().getByRole('button').click();
    await rows.first().getByRole('link', { name: 'Records like it' }).click();
    await page.waitForURL('**/logs?service=orders&text=items+for+customer');
  });

  await check('the map goes back in time by keys and by what changed, and comes back', { expectErrors: true }, async (page) => {
    await page.locator('.card[data-id="reviews"][data-tone="bad"]').waitFor();
    await page.getByTestId('travels').click();
    await page.getByLabel('Time', { exact: true }).focus();
    await page.keyboard.press('ArrowLeft');
    await page.locator('.card[data-id="reviews"][data-tone="ok"]').waitFor();
    await page.waitForURL(/\?at=\d+/);
    await page.getByRole('button', { name: 'Back to now' }).click();
    await page.locator('.card[data-id="reviews"][data-tone="bad"]').waitFor();
    await page.getByRole('button', { name: /What changed then, .* reviews 1\.0\.2 → 1\.0\.3/ }).click();
    await page.locator('.card[data-id="reviews"][data-tone="ok"]').waitFor();
    await page.getByLabel('How far back').selectOption('24h');
    await page.getByLabel('Time', { exact: true }).focus();
    await page.keyboard.press('Home');
    await page.getByText('nothing is known of the map then').waitFor();
  });

  await check('a request on the heat map leads to its trace', { path: '/services/orders' }, async (page) => {
    await page.getByTestId('heat').getByRole('link', { name: /420 ms: open its trace/ }).click();
    await page.waitForURL(`**/traces/${slowTrace}`);
  });

  await check('a service shows what it uses over time', { path: '/services/orders' }, async (page) => {
    await page.getByRole('img', { name: /^CPU, cores\. orders-\d: now 0\.\d\d, at most 0\.30; orders-/ }).waitFor();
    await page.getByRole('img', { name: /^Share that failed\. Share that failed: now 5\.0%, at most 5\.0%/ }).waitFor();
    await page.getByRole('img', { name: /^Durations\. p99: now 1\.0 s, at most 1\.0 s; p50: now 78 ms/ }).waitFor();
    await page.getByTestId('heat').locator('rect').nth(100).hover();
    await page.getByTestId('heat').getByText(/\/s took/).waitFor();
    await page.getByRole('button', { name: '1h' }).first().click();
    await page.getByRole('button', { name: '1h' }).first().and(page.locator('[aria-pressed=true]')).waitFor();
  });
}
