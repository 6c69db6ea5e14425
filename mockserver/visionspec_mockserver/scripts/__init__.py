"""Scripts: answers that a user writes, given instead of the stand-in's where a request matches.

Scripts are data, never code, and no path in a request reaches the disk: files are read only for a script that
was itself read from one. Importing this loads none of the models.

========================  =====================================================================
``models``                what a script file may say; its JSON schema is in ``spec/schema``
``loading``               from YAML or JSON to the models, with the line of every mistake
``matching``              a request against the conditions of a script, field by field
``items``, ``answering``  from a script's answer to the reply that both dialects send
``book``                  the scripts of one server: their order, their counts, their files
========================  =====================================================================
"""
