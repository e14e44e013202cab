cp remembers-in-a-file.bash operator.bash
