// fastify with ts-ics: `generateIcsCalendar`; times in UTC, its simplest documented form.
import fastify from 'fastify';
import { generateIcsCalendar } from 'ts-ics';
import { body } from './schema.mjs';

const DAY_MS = 86_400_000;

function toEvent(occurrence, stamp) {
  const start = new Date(occurrence.dateDebut);
  const end = new Date(occurrence.dateFin);
  const allDay = occurrence.touteLaJournee === true;
  return {
    uid: occurrence.id,
    stamp: { date: stamp },
    summary: occurrence.titre,
    description: occurrence.notes,
    location: occurrence.lieu,
    start: allDay ? { date: start, type: 'DATE' } : { date: start },
    end: allDay ? { date: new Date(end.getTime() + DAY_MS), type: 'DATE' } : { date: end },
    alarms:
      occurrence.rappelMinutes == null
        ? undefined
        : [
            {
              action: 'DISPLAY',
              description: occurrence.titre,
              trigger: {
                type: 'relative',
                value: { before: true, minutes: occurrence.rappelMinutes },
              },
            },
          ],
  };
}

function toCalendar({ evenement }) {
  const stamp = new Date();
  return generateIcsCalendar({
    version: '2.0',
    prodId: '-//bench//ts-ics//FR',
    events: evenement.occurrences.map((occurrence) => toEvent(occurrence, stamp)),
  });
}

const app = fastify({ bodyLimit: 5 * 1024 * 1024 });
app.post('/api/generate', { schema: { body } }, async (request, reply) => {
  reply.type('text/calendar; charset=utf-8');
  return toCalendar(request.body);
});
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
