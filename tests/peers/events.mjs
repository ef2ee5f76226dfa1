// Server-sent events as the HTML standard reads them: lines, fields, a blank line ends an event.

/** Takes text as it comes; gives the events that are whole by now. */
export class EventParser {
  #rest = '';
  #event = { data: [] };
  lastEventId = '';
  comments = 0;

  take(text) {
    const events = [];
    this.#rest += text;
    for (let end; (end = this.#rest.indexOf('\n')) >= 0; ) {
      const line = this.#rest.slice(0, end).replace(/\r$/, '');
      this.#rest = this.#rest.slice(end + 1);
      if (line === '') {
        if (this.#event.data.length > 0) events.push(this.#whole());
        this.#event = { data: [] };
      } else {
        this.#field(line);
      }
    }
    return events;
  }

  #field(line) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (line.startsWith(':')) this.comments += 1;
    else if (name === 'data') this.#event.data.push(value);
    else if (name === 'event') this.#event.type = value;
    else if (name === 'id') this.lastEventId = value;
  }

  #whole() {
    return { type: this.#event.type ?? 'message', id: this.lastEventId, data: JSON.parse(this.#event.data.join('\n')) };
  }
}
