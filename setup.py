"""Build what pyproject.toml cannot say: the cffi module, the abi3 tag, and three source folders in one wheel.

    actorbus/                      -> actorbus            (with actorbus/_native.abi3.so, made from native/)
    handlers/actorbus_handlers/    -> actorbus_handlers
    config/                        -> actorbus/_config    (data only: profiles, templates, schema, error catalogue)

Run by pip and build; `make build` makes the wheel and the source package.
"""

from __future__ import annotations

import sysconfig

from setuptools import find_packages, setup
from setuptools.command.build_ext import build_ext

ABI3 = {} if sysconfig.get_config_var("Py_GIL_DISABLED") else {"bdist_wheel": {"py_limited_api": "cp312"}}


class BuildExt(build_ext):
    """Leaves no path of this machine in the module: some interpreters link with a search path of their own."""

    def build_extensions(self) -> None:
        self.compiler.linker_so = [word for word in self.compiler.linker_so if not word.startswith("-Wl,-rpath")]
        super().build_extensions()


setup(
    packages=[
        *find_packages(".", include=["actorbus", "actorbus.*"]),
        *find_packages("handlers", include=["actorbus_handlers", "actorbus_handlers.*"]),
        "actorbus._config",
    ],
    package_dir={
        "actorbus": "actorbus",
        "actorbus_handlers": "handlers/actorbus_handlers",
        "actorbus._config": "config",
    },
    package_data={
        "actorbus": ["py.typed", "*.pyi", "**/*.pyi"],
        "actorbus_handlers": ["py.typed"],
        "actorbus._config": ["**/*.yaml", "**/*.json", "*.toml", "templates/*/*"],
    },
    include_package_data=False,
    cffi_modules=["native/build_native.py:ffibuilder"],
    cmdclass={"build_ext": BuildExt},
    options=ABI3,
    zip_safe=False,
)
