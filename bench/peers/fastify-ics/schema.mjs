// The request's JSON schema: fastify checks it with ajv before the handler runs.
const text = { type: 'string' };

export const body = {
  type: 'object',
  required: ['evenement'],
  properties: {
    evenement: {
      type: 'object',
      required: ['occurrences'],
      properties: {
        occurrences: {
          type: 'array',
          minItems: 1,
          items: {
            type: 'object',
            required: ['id', 'titre', 'dateDebut', 'dateFin'],
            properties: {
              id: text,
              titre: text,
              notes: text,
              dateDebut: text,
              dateFin: text,
              lieu: text,
              touteLaJournee: { type: 'boolean' },
              rappelMinutes: { type: 'integer' },
            },
          },
        },
      },
    },
    options: { type: 'object', properties: { fuseau: text } },
  },
};
