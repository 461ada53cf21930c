const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`;

/** English, of incidents and objectives. */
export const incidentEn = {
  title: 'Incidents',
  count: (count: number) => (count === 0 ? 'nothing goes on' : `${plural(count, 'incident goes', 'incidents go')} on`),
  none: 'There has been no incident.',
  missing: (name: string) => `There is no incident “${name}”.`,
  state: { open: 'Open', acknowledged: 'Somebody is at it', resolved: 'Over' },
  lasted: (age: string) => `lasted ${age}`,
  reopened: (count: number) => `came back ${plural(count, 'time', 'times')}`,
  ack: 'I am at it',
  resolve: 'It is over',
  silence: 'Silence…',
  silentUntil: (time: string) => `Nobody is told of it until ${time}.`,
  ask: {
    ack: (title: string) => `You are at “${title}”?`,
    resolve: (title: string) => `“${title}” is over?`,
    silence: (title: string) => `Tell nobody of “${title}”?`,
  },
  askHint: { ack: 'Others see that somebody is at it.', resolve: 'The same is not told of for ten minutes.', silence: 'It goes on to be watched.' },
  actions: 'What to do',
  noActions: 'Nothing is known to help.',
  action: { suggested: 'suggested', done: 'done', helped: 'helped', didNotHelp: 'did not help', failed: 'failed' } as Record<string, string>,
  undo: 'Undone by',
  timeline: 'In order of time',
  moment: { began: 'Began', opened: 'Noticed', symptom: 'Felt', change: 'Change', event: 'Told', action: 'Done', ended: 'Over' },
  difference: 'difference',
  told: 'Told',
  open: 'Incident',
};
