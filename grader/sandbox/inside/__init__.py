"""All of this package that an untrusted worker ever sees: this folder is mounted into the sandbox, and nothing beside it.

Modules here import the standard library, numpy, torch and safetensors, and each other; nothing else of the grader.
"""
