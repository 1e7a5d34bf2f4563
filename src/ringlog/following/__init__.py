"""Following: whoever looks at a call, or at a list of calls, is told what is new of it as it comes."""
