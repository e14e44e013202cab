cp trusts-events.bash operator.bash
