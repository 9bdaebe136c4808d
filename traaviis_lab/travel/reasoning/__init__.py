"""Why a value or a state is what it is: back from it through guards, answers and events."""
