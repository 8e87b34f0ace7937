import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.Executors;
import net.fortuna.ical4j.data.CalendarOutputter;
import net.fortuna.ical4j.model.Calendar;
import net.fortuna.ical4j.model.TimeZoneRegistry;
import net.fortuna.ical4j.model.TimeZoneRegistryFactory;
import net.fortuna.ical4j.model.component.VAlarm;
import net.fortuna.ical4j.model.component.VEvent;
import net.fortuna.ical4j.model.property.Description;
import net.fortuna.ical4j.model.property.Location;
import net.fortuna.ical4j.model.property.ProdId;
import net.fortuna.ical4j.model.property.Uid;
import net.fortuna.ical4j.model.property.immutable.ImmutableAction;
import net.fortuna.ical4j.model.property.immutable.ImmutableVersion;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** The JDK's own HTTP server with ical4j and Jackson; VTIMEZONE from ical4j's registry. */
public final class Peer {
  record Occurrence(
      String id,
      String titre,
      String notes,
      String dateDebut,
      String dateFin,
      String lieu,
      boolean touteLaJournee,
      Integer rappelMinutes) {}

  record Evenement(List<Occurrence> occurrences) {}

  record Options(String fuseau) {}

  record Request(Evenement evenement, Options options) {}

  private static final JsonMapper JSON =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES).build();
  private static final TimeZoneRegistry ZONES =
      TimeZoneRegistryFactory.getInstance().createRegistry();

  private static VEvent toEvent(Occurrence from, ZoneId zone) {
    VEvent event;
    if (from.touteLaJournee()) {
      var start = LocalDate.parse(from.dateDebut());
      var end = LocalDate.parse(from.dateFin()).plusDays(1);
      event = new VEvent(start, end, from.titre());
    } else {
      var start = OffsetDateTime.parse(from.dateDebut()).atZoneSameInstant(zone);
      var end = OffsetDateTime.parse(from.dateFin()).atZoneSameInstant(zone);
      event = new VEvent(start, end, from.titre());
    }
    event.add(new Uid(from.id()));
    if (from.notes() != null) {
      event.add(new Description(from.notes()));
    }
    if (from.lieu() != null) {
      event.add(new Location(from.lieu()));
    }
    if (from.rappelMinutes() != null) {
      var alarm = new VAlarm(Duration.ofMinutes(-from.rappelMinutes()));
      alarm.add(ImmutableAction.DISPLAY);
      alarm.add(new Description(from.titre()));
      event.add(alarm);
    }
    return event;
  }

  private static byte[] toCalendar(Request request) throws IOException {
    var options = request.options();
    var name = options == null || options.fuseau() == null ? "Europe/Paris" : options.fuseau();
    var zone = ZoneId.of(name);
    var calendar = new Calendar();
    calendar.add(new ProdId("-//bench//ical4j//FR"));
    calendar.add(ImmutableVersion.VERSION_2_0);
    calendar.add(ZONES.getTimeZone(name).getVTimeZone());
    for (var occurrence : request.evenement().occurrences()) {
      calendar.add(toEvent(occurrence, zone));
    }
    var bytes = new ByteArrayOutputStream();
    new CalendarOutputter().output(calendar, bytes);
    return bytes.toByteArray();
  }

  private static void generate(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] answer;
      var status = 200;
      try {
        answer = toCalendar(JSON.readValue(exchange.getRequestBody(), Request.class));
        exchange.getResponseHeaders().set("Content-Type", "text/calendar; charset=utf-8");
      } catch (RuntimeException error) {
        answer = String.valueOf(error.getMessage()).getBytes();
        status = 400;
      }
      exchange.sendResponseHeaders(status, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }

  public static void main(String[] arguments) throws IOException {
    var port = Integer.parseInt(System.getenv("PORT"));
    var server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    server.createContext("/api/generate", Peer::generate);
    server.setExecutor(Executors.newFixedThreadPool(2));
    server.start();
  }
}
