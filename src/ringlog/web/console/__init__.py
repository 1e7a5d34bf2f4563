"""The console: pages for people, rendered here, with small modules of script that they do without."""
