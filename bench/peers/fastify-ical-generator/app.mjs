// fastify with ical-generator, Luxon and timezones-ical-library, as its README shows for zones.
import fastify from 'fastify';
import ical, { ICalAlarmType } from 'ical-generator';
import { DateTime } from 'luxon';
import { tzlib_get_ical_block } from 'timezones-ical-library';
import { body } from './schema.mjs';

const DAY_MS = 86_400_000;

function toCalendar({ evenement, options }) {
  const zone = options?.fuseau || 'Europe/Paris';
  const calendar = ical({ prodId: { company: 'bench', product: 'ical-generator', language: 'FR' } });
  calendar.timezone({ name: zone, generator: (name) => tzlib_get_ical_block(name)[0] });
  for (const occurrence of evenement.occurrences) {
    const allDay = occurrence.touteLaJournee === true;
    const event = calendar.createEvent({
      id: occurrence.id,
      summary: occurrence.titre,
      description: occurrence.notes,
      location: occurrence.lieu,
      allDay,
      start: allDay
        ? new Date(occurrence.dateDebut)
        : DateTime.fromISO(occurrence.dateDebut, { zone }),
      end: allDay
        ? new Date(new Date(occurrence.dateFin).getTime() + DAY_MS)
        : DateTime.fromISO(occurrence.dateFin, { zone }),
      timezone: zone,
    });
    if (occurrence.rappelMinutes != null) {
      event.createAlarm({
        type: ICalAlarmType.display,
        triggerBefore: occurrence.rappelMinutes * 60,
        description: occurrence.titre,
      });
    }
  }
  return calendar.toString();
}

const app = fastify({ bodyLimit: 5 * 1024 * 1024 });
app.post('/api/generate', { schema: { body } }, async (request, reply) => {
  reply.type('text/calendar; charset=utf-8');
  return toCalendar(request.body);
});
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
