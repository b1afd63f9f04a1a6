/** How many stanzas of each kind went one way: counted on every one of them, so no more than a number each. */
export class Traffic {
  message = 0;
  presence = 0;
  iq = 0;
}
