// Command peer is net/http with golang-ical, as its README shows; it writes every time in UTC.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	ics "github.com/arran4/golang-ical"
)

type occurrence struct {
	ID             string `json:"id"`
	Titre          string `json:"titre"`
	Notes          string `json:"notes"`
	DateDebut      string `json:"dateDebut"`
	DateFin        string `json:"dateFin"`
	Lieu           string `json:"lieu"`
	TouteLaJournee bool   `json:"touteLaJournee"`
	RappelMinutes  *int   `json:"rappelMinutes"`
}

type request struct {
	Evenement struct {
		Occurrences []occurrence `json:"occurrences"`
	} `json:"evenement"`
}

func addEvent(calendar *ics.Calendar, from *occurrence, now time.Time) error {
	layout := time.RFC3339
	if from.TouteLaJournee {
		layout = time.DateOnly
	}
	start, err := time.Parse(layout, from.DateDebut)
	if err != nil {
		return err
	}
	end, err := time.Parse(layout, from.DateFin)
	if err != nil {
		return err
	}
	event := calendar.AddEvent(from.ID)
	event.SetDtStampTime(now)
	if from.TouteLaJournee {
		event.SetAllDayStartAt(start)
		event.SetAllDayEndAt(end.AddDate(0, 0, 1))
	} else {
		event.SetStartAt(start)
		event.SetEndAt(end)
	}
	event.SetSummary(from.Titre)
	if from.Notes != "" {
		event.SetDescription(from.Notes)
	}
	if from.Lieu != "" {
		event.SetLocation(from.Lieu)
	}
	if from.RappelMinutes != nil {
		alarm := event.AddAlarm()
		alarm.SetAction(ics.ActionDisplay)
		alarm.SetTrigger(fmt.Sprintf("-PT%dM", *from.RappelMinutes))
		alarm.SetProperty(ics.ComponentPropertyDescription, from.Titre)
	}
	return nil
}

func generate(answer http.ResponseWriter, asked *http.Request) {
	var decoded request
	if err := json.NewDecoder(asked.Body).Decode(&decoded); err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	calendar := ics.NewCalendar()
	now := time.Now()
	for i := range decoded.Evenement.Occurrences {
		if err := addEvent(calendar, &decoded.Evenement.Occurrences[i], now); err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
	}
	answer.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	if err := calendar.SerializeTo(answer); err != nil {
		log.Print(err)
	}
}

func main() {
	http.HandleFunc("POST /api/generate", generate)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
