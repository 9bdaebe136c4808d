"""Let `python -m traaviis_lab` be the traaviis-lab command."""

from traaviis_lab.cli import main

if __name__ == "__main__":
    main()
