// The built dashboard in a real browser against the fixture server. Skips, and says so, where no Chromium is installed.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';
import { launch } from './chromium.mjs';
import { startFixture } from './fixture.mjs';
import { measure, say } from './frames.mjs';
import { checkObserve, observePages } from './observeChecks.mjs';
import { ail, heal } from './world.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await launch();
if (!browser) {
  console.log('skipped: there is no Chromium at /usr/bin/chromium (apt-get install chromium, or set CHROMIUM)');
  console.log('0 passed, 0 failed, 1 skipped');
  process.exit(0);
}

const only = process.argv[2];
const shop = await startFixture({ everyMs: 300, logEveryMs: 60 });
let passed = 0;
let failed = 0;

/** Runs one check on a fresh page; any error that the page logs fails it. */
async function check(name, { path = '/', fixture = shop, width = 1280, height = 800, scheme = 'light', locale = 'en-US', expectErrors = false }, body) {
  if (only && !name.includes(only)) return;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, locale, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const errors = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  const foreign = [];
  page.on('request', (request) => request.url().startsWith(fixture.url) || foreign.push(request.url()));
  const started = performance.now();
  try {
    await page.goto(fixture.url + path);
    const note = await body(page);
    if (!expectErrors) assert.deepEqual(errors, [], 'the page logged errors');
    assert.deepEqual(foreign, [], 'the page asked other hosts');
    passed++;
    console.log(`ok   ${name} (${Math.round(performance.now() - started)} ms)${note ? `: ${note}` : ''}`);
  } catch (error) {
    failed++;
    console.log(`FAIL ${name}: ${error.message}${errors.length > 0 ? `\n     page: ${errors.join(' | ')}` : ''}`);
  }
  await context.close();
}

const card = (page, id) => page.locator(`.card[data-id="${id}"]`);
const focused = (page) => page.evaluate(() => document.activeElement?.dataset?.id);

await check('the map shows every service, the gateway, hosts, instances and edges', {}, async (page) => {
  await card(page, 'web').waitFor();
  assert.equal(await page.locator('.card').count(), shop.world.services.length + 1);
  assert.equal(await page.locator('.flow').count(), shop.world.flows.length);
  assert.equal(await card(page, 'web').locator('.dots .glyph').count(), 3);
  assert.match(await page.locator('.hosts').innerText(), /local\s*14 instances/);
  await page.getByRole('button', { name: /^reviews 1\.0\.3 Crash loop low 0\/1 ready/ }).waitFor();
  assert.match(await page.locator('.flow[data-edge="web→reviews"]').innerHTML(), /✕/);
});

await check('a change of state appears without a reload, moves nothing, and is announced', {}, async (page) => {
  await card(page, 'ledger').waitFor();
  await page.locator('[data-testid="connection"].is-live').waitFor();
  const before = await card(page, 'ledger').boundingBox();
  ail(shop.world, 'ledger', { state: 'failed', reason: 'CrashLoop', message: 'exit code 3', ready: 0 });
  shop.changed();
  await page.locator('.card[data-id="ledger"][data-tone="bad"]').waitFor();
  await page.getByTestId('announcer').filter({ hasText: 'ledger Failed' }).waitFor({ state: 'attached' });
  assert.deepEqual(await card(page, 'ledger').boundingBox(), before);
  heal(shop.world, 'ledger');
  shop.changed();
  await page.locator('.card[data-id="ledger"][data-tone="ok"]').waitFor();
});

await check('arrows move along edges, Enter opens, Escape clears', {}, async (page) => {
  await card(page, 'gateway').focus();
  await page.keyboard.press('ArrowDown');
  const second = await focused(page);
  assert.ok(shop.world.flows.some((flow) => flow.from === 'gateway' && flow.to === second), `${second} is not a need of the gateway`);
  await page.getByTestId('inspector').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('inspector').waitFor({ state: 'detached' });
  await card(page, second).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/services/${second}`);
});

await check('the inspector tells needs, who is hurt, instances and events', { path: '/?node=payments' }, async (page) => {
  const text = await page.getByTestId('inspector').filter({ hasText: 'payments-2 fails' }).innerText();
  for (const words of ['ledger', 'orders', 'direct', 'gateway', '2 steps', 'payments-1', 'Unhealthy']) assert.ok(text.includes(words), `no "${words}"`);
  await page.getByTestId('inspector').getByRole('button', { name: /ledger/ }).click();
  await page.getByRole('complementary', { name: 'Details of ledger' }).waitFor();
});

await check('search dims, counts and finds; filters add up', {}, async (page) => {
  await card(page, 'web').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('ord');
  await page.getByTestId('matches').filter({ hasText: '1 of 9' }).waitFor();
  assert.equal(await page.locator('.card.dimmed').count(), 8);
  await page.keyboard.press('Enter');
  await page.getByRole('complementary', { name: 'Details of orders' }).waitFor();
  await page.getByRole('button', { name: 'Clear filter' }).click();
  await page.getByRole('button', { name: '1 Failing' }).click();
  assert.equal(await page.locator('.card:not(.dimmed)').getAttribute('data-id'), 'reviews');
});

await check('help and the table alternative open by key', {}, async (page) => {
  await card(page, 'web').waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('t');
  const first = page.getByTestId('table').locator('tbody tr').first();
  assert.match(await first.innerText(), /reviews\s+Failed · Crash loop\s+low/);
});

await check('the service page follows logs, filters them, pauses and goes on', { path: '/services/orders' }, async (page) => {
  const logs = page.getByTestId('logs');
  await logs.locator('.line').nth(50).waitFor();
  assert.ok(!(await logs.innerText()).includes('\u001b'), 'escape sequences are shown');
  const lines = () => logs.locator('.line').count();
  const before = await lines();
  await page.waitForFunction((count) => document.querySelectorAll('.line').length > count, before);
  await page.getByTestId('pause').click();
  await page.getByTestId('pause').filter({ hasText: 'new line' }).waitFor();
  const paused = await lines();
  await page.getByTestId('pause').filter({ hasText: /([5-9]|\d\d) new lines/ }).waitFor();
  assert.equal(await lines(), paused);
  await page.getByTestId('pause').click();
  await page.waitForFunction((count) => document.querySelectorAll('.line').length > count, paused);
  await page.getByLabel('stderr only').check();
  assert.equal(await logs.locator('.line.out').count(), 0);
  await page.getByLabel('Instance', { exact: true }).selectOption('orders-2');
  await logs.locator('.line.err').first().waitFor();
  await page.getByLabel('Filter lines').fill('no such line');
  await logs.getByText('No line matches.').waitFor();
});

await check('scaling asks first, and a refusal says what to do', { path: '/services/orders', expectErrors: true }, async (page) => {
  await page.getByRole('button', { name: 'Scale…' }).click();
  await page.getByRole('spinbutton').fill('9');
  await page.getByRole('button', { name: 'Scale to 9' }).click();
  assert.match(await page.getByRole('alert').innerText(), /greater than max 6\s+raise instances\.max/);
  await page.getByRole('spinbutton').fill('3');
  await page.getByRole('button', { name: 'Scale to 3' }).click();
  await page.getByTestId('done').filter({ hasText: 'orders is being scaled to 3.' }).waitFor();
  await page.locator('.page-head .badge').filter({ hasText: 'Scaling out' }).waitFor();
  Object.assign(shop.world.find('orders'), { wanted: 2 });
  heal(shop.world, 'orders');
});

await check('history compares the newest versions, and any two', { path: '/history' }, async (page) => {
  const diff = page.getByTestId('diff');
  await diff.filter({ hasText: 'From version 3 to 4' }).locator('ins').first().waitFor();
  assert.match(await diff.innerText(), /version\s+1\.3\.0\s+→\s+1\.4\.0/);
  await page.getByLabel('from version 1').check();
  await diff.filter({ hasText: 'From version 1 to 4' }).getByText('services.reviews').waitFor();
  await page.waitForURL('**/history?from=1&to=4');
  await page.getByRole('button', { name: /#1/ }).click();
  await diff.filter({ hasText: 'Version 1, the first' }).getByText('routes.shop').waitFor();
});

await check('events come live and can be filtered', { path: '/events' }, async (page) => {
  await page.getByText('crash', { exact: false }).first().waitFor();
  shop.tell('service/web', 'HostLost', 'the host does not report', 'error');
  await page.locator('.events li').first().filter({ hasText: 'Host lost' }).waitFor();
  await page.getByRole('button', { name: 'Errors', exact: true }).click();
  assert.equal(await page.locator('.events li').count(), 2);
});

await check('the traffic page shows ways, their policies and why they stand so', { path: '/traffic' }, async (page) => {
  const row = page.getByRole('row').filter({ hasText: 'route/orders-api' });
  await row.waitFor();
  assert.match(await row.innerText(), /breaker open/);
  assert.match(await row.getByRole('img').first().getAttribute('aria-label'), /≤ 5 ms: \d+/);
  await row.getByRole('link').click();
  await page.waitForURL('**/traffic?about=route%2Forders-api');
  const way = page.getByTestId('way');
  await way.getByText('62% of 40 requests failed').first().waitFor();
  assert.match(await way.innerText(), /errorRatio 62\.0% · calls 40 · retryInMs 3200 ms/);
  await way.getByText('BreakerOpened').waitFor();
});

await check('the registry shows services of ours and of others, and finds them by what they say', { path: '/registry' }, async (page) => {
  const table = page.getByTestId('registry');
  await table.getByText('registered by bank-host (client), 15s lease').waitFor();
  await page.getByRole('searchbox').fill('zone=eu');
  assert.equal(await table.locator('tbody tr').count(), 1);
  await table.getByText('1/2', { exact: true }).waitFor();
});

await check('the hosts page shows what is left, trends, middleware and instances; the inspector what an instance uses', { path: '/hosts' }, async (page) => {
  const machine = page.getByTestId('machine');
  await machine.waitFor();
  assert.match(await machine.innerText(), /scarcest: Memory, 88% used/);
  assert.match(await machine.getByRole('img', { name: /^CPU over/ }).getAttribute('aria-label'), /now \d+%, at most 60%/);
  assert.match(await page.getByTestId('middleware').first().innerText(), /redis[\s\S]*812\/s[\s\S]*93%/);
  await page.getByText('Connection refused').waitFor();
  await page.goto(new URL('/?node=payments', page.url()).href);
  await page.getByTestId('instance-use').first().filter({ hasText: 'heap 29.6 MiB · GC 1.4/s, paused 1.2% · 2 queued in the thread pool' }).waitFor();
});

await check('an intervention is begun, shown with its end, and ended; a refusal says what to do', { path: '/traffic', expectErrors: true }, async (page) => {
  await page.getByRole('button', { name: 'Intervene…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('About').fill('orders');
  await dialog.getByLabel('Reason').fill('game day');
  await dialog.getByRole('button', { name: 'Begin' }).click();
  await dialog.getByText('write route/NAME').waitFor();
  await dialog.getByLabel('About').fill('route/orders-api');
  await dialog.getByLabel('Act').selectOption({ label: 'Fault: delay' });
  await dialog.getByLabel('Value').fill('2s');
  await dialog.getByLabel('Of the requests').fill('10%');
  await dialog.getByRole('button', { name: 'Begin' }).click();
  const board = page.getByTestId('switchboard');
  await board.getByText('fault 10%: delay 2s').waitFor();
  assert.match(await board.innerText(), /Ends in (9|10)m/);
  await board.getByRole('button', { name: 'End' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End', exact: true }).click();
  await page.getByText('Nothing is intervened in').waitFor();
});

await check('a rehearsal tells what would happen and who would be hurt; what is wrong with it is told', { path: '/rehearse', expectErrors: true }, async (page) => {
  await page.getByLabel('To whom').fill('local');
  await page.getByRole('button', { name: 'Rehearse' }).click();
  await page.getByTestId('rehearsed').filter({ hasText: 'host-down local' }).waitFor();
  assert.equal(await page.getByTestId('hurt').count(), 3);
  await page.getByTestId('rehearsal-line').filter({ hasText: 'local is lost' }).waitFor();
  await page.getByTestId('rehearsed-job').filter({ hasText: 'report' }).waitFor();
  await page.getByTestId('rehearsed-incident').filter({ hasText: 'host down, host/local' }).waitFor();
  await page.getByLabel('To whom').fill('nowhere');
  await page.getByRole('button', { name: 'Rehearse' }).click();
  await page.getByText("there is no host 'nowhere'").first().waitFor();
  await page.getByLabel('What happens').selectOption('release');
  await page.getByLabel('New version').waitFor();
});

await check('a request is explained before and after it came', { path: '/traffic', expectErrors: true }, async (page) => {
  await page.getByLabel('URL').fill('http://shop.test/api/orders/1');
  await page.getByRole('button', { name: 'Explain', exact: true }).click();
  await page.getByTestId('explained').filter({ hasText: '503 (breaker-open)' }).waitFor();
  await page.getByLabel('X-Request-Id of a past request').fill('unknown');
  await page.getByRole('button', { name: 'What happened?' }).click();
  await page.getByRole('alert').filter({ hasText: 'no gateway remembers' }).waitFor();
  await page.getByLabel('X-Request-Id of a past request').fill('4bf92f35');
  await page.getByRole('button', { name: 'What happened?' }).click();
  await page.getByText('upstream-timeout').waitFor();
});

await check('each policy has a form: faults and refusals stand at their fields, a change is checked, then made', { path: '/policies?about=route%2Forders-api', expectErrors: true }, async (page) => {
  const line = (name) => page.locator('.form-line').filter({ has: page.locator('label', { hasText: new RegExp(`^${name}`) }) });
  await page.getByText('Nothing is changed yet.').waitFor();
  await page.getByLabel('timeout').fill('soon');
  await line('timeout').getByText('is not written as it should be').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Check', exact: true }).isDisabled());
  await page.getByLabel('timeout').fill('3s');
  await page.getByLabel('errors').fill('0%');
  await page.getByRole('button', { name: 'Add limits' }).click();
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await line('errors').getByText('it would always be open').waitFor();
  await line('rate').nth(1).getByText('a fixedWindow needs a rate').waitFor();
  await page.getByLabel('errors').fill('40%');
  await line('rate').nth(1).locator('input').fill('5/s');
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  const diff = page.getByTestId('would-differ');
  await diff.filter({ hasText: 'As version 5 this would differ' }).waitFor();
  assert.match(await diff.innerText(), /timeout\s+2s\s+→\s+3s/);
  await page.getByRole('button', { name: 'Make it so' }).click();
  await page.getByTestId('done').filter({ hasText: 'Version 5 is in force.' }).waitFor();
  assert.equal(shop.policies.items['routes/orders-api'].resource.spec.limits.length, 2);
});

await check('a change that met another one is told, and laid over it', { path: '/policies?about=need%2Fweb.reviews', expectErrors: true }, async (page) => {
  await page.getByLabel('timeout').fill('4s');
  const item = shop.policies.items['services/web'];
  item.resource.spec.needs.reviews.breaker = { errors: '20%' };
  item.revision = ++shop.policies.revision;
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.getByTestId('stale').getByRole('button', { name: 'Lay mine over theirs' }).click();
  await page.getByLabel('errors').and(page.locator('[value="20%"]')).waitFor();
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.getByRole('button', { name: 'Make it so' }).click();
  await page.getByTestId('done').waitFor();
  assert.deepEqual(item.resource.spec.needs.reviews, { timeout: '4s', breaker: { errors: '20%' } });
});

await check('bans are listed and lifted, and what is cached is forgotten', { path: '/traffic' }, async (page) => {
  const bans = page.getByTestId('bans');
  await bans.getByText('198.51.100.7').waitFor();
  assert.match(await bans.innerText(), /41 paths that are not there/);
  await bans.getByRole('button', { name: 'Never ban…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Make it so' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.deepEqual(shop.policies.items['gateways/gateway'].resource.bans, { missing: 40, never: ['198.51.100.7'] });
  shop.traffic.banned.length = 0;
  await bans.getByText('Nobody is banned.').waitFor();
  await page.getByTestId('caches').getByRole('button', { name: 'Purge…' }).click();
  await page.getByRole('dialog').getByRole('textbox').fill('/images/*');
  await page.getByRole('dialog').getByRole('button', { name: 'Forget' }).click();
  await page.getByText('What was kept for route/shop is forgotten.').waitFor();
  assert.equal(shop.traffic.purged, '/images/*');
});

await checkObserve(check);

await check('language and theme switch and are remembered', { locale: 'zh-CN' }, async (page) => {
  await page.getByRole('link', { name: '历史' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN');
  await page.getByRole('button', { name: 'Switch to English' }).click();
  await page.getByRole('link', { name: 'History' }).waitFor();
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByTestId('theme').click();
  await page.getByTestId('theme').click();
  assert.notEqual(await ground(), light);
  await page.reload();
  await page.getByRole('link', { name: 'History' }).waitFor();
  assert.notEqual(await ground(), light);
});

await check('the page of event streams shows who reads, how far behind, and the events of one', { path: '/streams' }, async (page) => {
  const readers = page.getByTestId('stream-readers');
  await readers.waitFor();
  assert.deepEqual(await readers.locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.children].slice(0, 3).map((cell) => cell.textContent).join(' '))), ['order-events 118 2', 'report 20 100']);
  await page.getByTestId('streams').getByRole('link', { name: 'order-13' }).click();
  await page.getByTestId('stream-events').getByRole('heading', { name: 'Events of order-13' }).waitFor();
  await page.getByTestId('stream-events').locator('tbody tr').first().waitFor();
  assert.equal(await page.getByTestId('stream-events').locator('tbody tr').count(), 3);
});

await check('the page of configuration shows how a publish in stages stands, and who could not take one', { path: '/config/web' }, async (page) => {
  const staging = page.getByTestId('config-staging');
  await staging.getByText('errors 0.1% beside 0.1%, p99 31ms beside 33ms, of 1,204 requests').waitFor();
  assert.equal(await staging.locator('meter').getAttribute('value'), '1');
  await staging.getByRole('button', { name: 'Pause' }).waitFor();
  const readers = page.getByTestId('config-readers').locator('tbody tr');
  await readers.first().waitFor();
  assert.match(await readers.nth(0).innerText(), /web-1\s+staged\s+web\.8/);
  assert.match(await readers.nth(2).innerText(), /web-3\s+behind\s+web\.6-shared\.3\s+not taken\s+nginx\.conf: its command ended with 1/);
});

const pages = {
  '/': '.card',
  '/?node=payments': '.inspector .events li',
  '/services/payments': '.line',
  '/history?from=1&to=4': 'ins',
  '/events': '.events li',
  '/traffic?about=route/orders-api': '[data-testid=way]',
  '/hosts': '[data-testid=middleware]',
  '/registry': '[data-testid=registry]',
  '/releases/payments': '[data-testid=callees]',
  '/store': '[data-testid=servers]',
  '/rehearse': '.rehearse-form',
  '/policies?about=route/orders-api': '.form-section',
  '/streams/order-12': '[data-testid=stream-events] td',
  '/config/web': '[data-testid=config-readers] td',
  '/config/shared': '[data-testid=config-draft]',
  ...observePages,
};

/** Only what axe calls serious or critical, with the elements. */
async function serious(page) {
  const { violations } = await page.evaluate(() => window.axe.run({ resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`);
}

for (const [path, ready] of Object.entries(pages)) {
  await check(`axe finds nothing serious in both themes: ${path}`, { path }, async (page) => {
    await page.locator(ready).first().waitFor();
    await page.evaluate(axe);
    assert.deepEqual(await serious(page), [], 'light');
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.deepEqual(await serious(page), [], 'dark');
    if (path !== '/') return;
    await page.keyboard.press('t');
    await page.getByTestId('table').waitFor();
    assert.deepEqual(await serious(page), [], 'table');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    assert.deepEqual(await serious(page), [], 'help');
  });
}

await check('360 px need no sideways scrolling on any page', { width: 360, height: 740 }, async (page) => {
  for (const [path, ready] of Object.entries(pages)) {
    await page.goto(shop.url + path);
    await page.locator(ready).first().waitFor({ state: 'attached' });
    const { scroll, width } = await page.evaluate(() => ({ scroll: Math.max(document.documentElement.scrollWidth, document.querySelector('main').scrollWidth), width: innerWidth }));
    assert.ok(scroll <= width, `${path} is ${scroll} px wide`);
  }
});

const fragile = await startFixture();
await check('a lost connection is said, with the time of what is shown, and mended', { expectErrors: true, fixture: fragile }, async (page) => {
  await card(page, 'web').waitFor();
  await page.locator('[data-testid="connection"].is-live').waitFor();
  // The page's own next try must not come before the click: its clock stands still from here on.
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 1000);
  await fragile.stop();
  await page.getByTestId('lost').filter({ hasText: /Connection lost, showing the state of \d\d:\d\d:\d\d\./ }).waitFor();
  const again = await startFixture({ port: fragile.port });
  await page.getByRole('button', { name: 'Try now' }).click();
  await page.getByTestId('lost').waitFor({ state: 'detached' });
  await again.stop();
});

const harbour = await startFixture({ services: 200, edges: 600 });
await check('200 services and 600 edges stay fluid with an update per second', { fixture: harbour }, async (page) => {
  await page.locator('[data-testid="map"][data-laid-out="true"]').waitFor({ timeout: 30_000 });
  await page.locator('.card').nth(200).waitFor();
  await page.waitForTimeout(1000);
  const resting = await measure(page, 4, () => page.waitForTimeout(100));
  // A person who looks around while updates come.
  const box = await page.getByTestId('map').boundingBox();
  await page.mouse.move(box.x + 500, box.y + 40);
  await page.mouse.down();
  const moving = await measure(page, 4, async (i) => {
    await page.mouse.move(box.x + 500 + 200 * Math.sin(i / 12), box.y + 40 + 100 * Math.cos(i / 9));
    await page.waitForTimeout(16);
  });
  await page.mouse.up();
  const note = `resting ${say(resting)}; moving ${say(moving)}`;
  assert.ok(resting.cpu < 0.15 && moving.cpu < 0.6, note);
  return note;
});
await harbour.stop();

const vast = await startFixture({ services: 1000, edges: 10_000, everyMs: 5000 });
const quiet = vast.world.flows.findLast((flow) => flow.base === 0).to;
await check('1,000 services and 10,000 edges: the busiest and the failing edges are drawn, and all of a selected service', { fixture: vast, path: `/?node=${quiet}`, width: 640, height: 480 }, async (page) => {
  page.setDefaultTimeout(120_000);
  await page.locator('[data-testid="map"][data-laid-out="true"]').waitFor();
  const own = vast.world.flows.filter((flow) => flow.from === quiet || flow.to === quiet).map((flow) => `${flow.from}→${flow.to}`);
  await page.waitForFunction((wanted) => {
    const drawn = new Set([...document.querySelectorAll('.flow')].map((flow) => flow.dataset.edge));
    return document.querySelector('.map-lines').dataset.edges === '800' && drawn.size === wanted.length && wanted.every((edge) => drawn.has(edge));
  }, own);
  const inked = await page.evaluate(() => {
    const lines = document.querySelector('.map-lines');
    const { data } = lines.getContext('2d').getImageData(0, 0, lines.width, lines.height);
    let count = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count++;
    return count / (data.length / 4);
  });
  assert.ok(inked > 0.02 && inked < 0.9, `lines cover ${inked} of their picture`);
  // What was asked for is brought near; from afar all are drawn, by their shape alone, and have their names all the same.
  await page.locator(`.placed[data-closeness="near"] .card[data-id="${quiet}"] .card-state`).waitFor();
  await page.keyboard.press('0');
  await page.waitForFunction(() => document.querySelectorAll('.placed[data-closeness="far"] .card').length > 1000);
  assert.match(await card(page, quiet).getAttribute('aria-label'), new RegExp(`^${quiet} `));
  // From nearby only what is in sight is drawn; keys lead out of it, and the focus goes with them.
  const other = vast.world.services[500].name;
  await page.keyboard.press('/');
  await page.keyboard.type(other);
  await page.keyboard.press('Enter');
  await page.waitForFunction((id) => document.querySelectorAll('.card').length < 300 && document.querySelector(`.card[data-id="${id}"] .card-state`), other);
  await card(page, other).focus();
  for (const key of ['ArrowLeft', 'ArrowUp', 'ArrowUp', 'ArrowUp']) {
    const before = await focused(page);
    await page.keyboard.press(key);
    await page.waitForFunction((last) => document.activeElement.classList.contains('card') && document.activeElement.dataset.id !== last, before);
  }
  assert.equal(new URL(page.url()).searchParams.get('node'), await focused(page));
  return `${own.length} edges of ${quiet}`;
});
await vast.stop();

await shop.stop();
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
