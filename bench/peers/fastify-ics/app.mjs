// fastify with ics: `createEvents`; it writes every time in UTC.
import fastify from 'fastify';
import { createEvents } from 'ics';
import { body } from './schema.mjs';

const DAY_MS = 86_400_000;

function dateParts(date) {
  return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
}

function dateTimeParts(date) {
  return [...dateParts(date), date.getUTCHours(), date.getUTCMinutes()];
}

function toEvent(occurrence) {
  const start = new Date(occurrence.dateDebut);
  const end = new Date(occurrence.dateFin);
  const allDay = occurrence.touteLaJournee === true;
  return {
    uid: occurrence.id,
    title: occurrence.titre,
    description: occurrence.notes,
    location: occurrence.lieu,
    start: allDay ? dateParts(start) : dateTimeParts(start),
    startInputType: 'utc',
    end: allDay ? dateParts(new Date(end.getTime() + DAY_MS)) : dateTimeParts(end),
    endInputType: 'utc',
    alarms:
      occurrence.rappelMinutes == null
        ? undefined
        : [
            {
              action: 'display',
              description: occurrence.titre,
              trigger: { minutes: occurrence.rappelMinutes, before: true },
            },
          ],
  };
}

function toCalendar({ evenement }) {
  const { error, value } = createEvents(evenement.occurrences.map(toEvent));
  if (error) throw error;
  return value;
}

const app = fastify({ bodyLimit: 5 * 1024 * 1024 });
app.post('/api/generate', { schema: { body } }, async (request, reply) => {
  reply.type('text/calendar; charset=utf-8');
  return toCalendar(request.body);
});
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
