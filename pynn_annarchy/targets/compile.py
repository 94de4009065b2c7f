"""The pipeline on one page: a model's text -> a library.

    check       model/check          ModelSpec -> Model      parsed, names known, types inferred
    discretise  solvers/discretise   Model     -> Updates    x_new = expr, propagators to fill
    lower       kernels/lower        Updates   -> Kernel     typed statements over typed fields
    contract    kernels/passes       Kernel    -> Kernel     a product and a sum in one operation
    verify      kernels/passes/check Kernel    -> Kernel     refuses what no target could print
    print       targets/cpp          Kernel    -> text       one translation unit; targets/cuda adds to it
    compile     targets/toolchain    text      -> library    loaded by the engine through abi.h; targets/device: by nvcc

`generate` runs the first five and is cached by the model's text; `build` the rest, cached by the text and the compiler.
Nothing is parsed and no algebra system imported where the cache has the answer.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pynn_annarchy.exceptions import ModelError, TargetUnavailable, warn
from pynn_annarchy.kernels import ir
from pynn_annarchy.kernels.ir import CellKernel, ClockedKernel, DType, Kernel, LearningKernel, Role
from pynn_annarchy.kernels.lower import MOST_SPIKES, PERIOD
from pynn_annarchy.model.checked import Model
from pynn_annarchy.model.spec import WEIGHT, ModelSpec
from pynn_annarchy.solvers.updates import Updates
from pynn_annarchy.targets import cache, device, toolchain
from pynn_annarchy.targets.cpp import module_text, per_element_fields

GENERATOR_VERSION = "1"
"""Part of every model key, with the digest of the generator's own sources: an edited generator never meets old text."""

Value = float | npt.NDArray[np.float64]
PRECISIONS = {"double": np.float64, "single": np.float32}
TARGETS = ("auto", "cpp", "cuda", "reference")
WEIGHT_BITS = (None, 16)
MOST_EVENTS = (1 << 16) - 1
"""What the random streams tell apart within one step of one element (philox.h)."""


class Storage(Enum):
    """Parameters of all elements shared, or one value each: the two modules that a model can have (DESIGN D3).

    Of a synapse that learns: traces kept once a cell, or in every synapse (see `storage_for`). Every synapse has
    a weight of its own either way.
    """

    SHARED = "shared"
    PER_ELEMENT = "per element"


@dataclass(frozen=True, slots=True)
class Options:
    """What users choose at setup."""

    target: str = "auto"
    compiler: str | None = None
    compiler_flags: tuple[str, ...] = ()
    precision: str = "double"
    directory: str | None = None
    """Where generated and compiled code is kept; None for the cache of this user."""
    device: int | str = 0
    """Of the target 'cuda': its number, or the name of an emulation on the CPU (targets/device.py)."""
    weight_bits: int | None = None
    """Of each weight of static synapses that differ: 16; None for as many as hold all of them exactly."""

    def __post_init__(self) -> None:
        if self.target not in TARGETS:
            raise ModelError(f"target must be one of {', '.join(TARGETS)}, got {self.target!r}")
        if self.precision not in PRECISIONS:
            raise ModelError(f"precision must be 'double' or 'single', got {self.precision!r}")
        if self.weight_bits not in WEIGHT_BITS:
            raise ModelError(f"weight_bits must be 16, or None for exact weights, got {self.weight_bits!r}")
        is_number = isinstance(self.device, int) and not isinstance(self.device, bool) and self.device >= 0
        if not is_number and self.device not in device.EMULATIONS:
            names = ", ".join(map(repr, device.EMULATIONS))
            raise ModelError(f"device must be the number of a device, or one of {names}, got {self.device!r}")


@dataclass(frozen=True, slots=True)
class ArrayField:
    """A per-element array that the kernel wants: name, NumPy type, role (state, parameter, input, refractory)."""

    name: str
    dtype: str
    role: str


@dataclass(frozen=True, eq=False)
class CompiledModel:
    """A model that can run, and how its parameters become what its kernel reads."""

    spec: ModelSpec
    storage: Storage
    precision: str
    updates: Updates
    kernel: Kernel
    fingerprint: str
    library: Path | None
    """None: the reference target evaluates the kernel itself."""

    @functools.cached_property
    def arrays(self) -> tuple[ArrayField, ...]:
        """Per-element arrays in the order of the module's table; parameters of a learning synapse may be one value."""
        real = np.dtype(PRECISIONS[self.precision]).name
        return tuple(
            ArrayField(field.name, "float64" if field.dtype is DType.REAL64 else real, field.role.value)
            for field in per_element_fields(self.kernel, self.storage is Storage.SHARED)
        )

    @functools.cached_property
    def shared(self) -> tuple[str, ...]:
        """Names of shared values in the order of the module's table."""
        arrays = {array.name for array in self.arrays}
        return tuple(field.name for field in self.kernel.fields if field.name not in arrays)

    @functools.cached_property
    def population_values(self) -> tuple[str, ...]:
        """Shared values that the engine makes in each step, ``mean(v)`` and the like."""
        return tuple(field.name for field in self.kernel.fields if field.role is Role.POPULATION)

    @property
    def receptors(self) -> tuple[str, ...]:
        return self.kernel.receptors if isinstance(self.kernel, CellKernel) else ()

    def prepare(self, parameters: Mapping[str, Value], dt: float, max_spikes: Value | None = None) -> dict[str, Value]:
        """Everything the kernel may read as a parameter: given values, derived ones, propagators.

        Args:
            parameters: by name, one for all or one each.
            dt: time step, in ms.
            max_spikes: bound of the number of spikes in a step, where it does not follow from parameters alone.

        Raises:
            ModelError: a derived value is not finite; names it.
        """
        from pynn_annarchy.solvers.propagators import evaluate, prepare

        values = {**parameters, **prepare(self.updates, parameters, dt)}
        model = self.updates.model
        refractory = None if model.refractory_varies else model.refractory
        if refractory is not None:
            period = np.asarray(evaluate(refractory, {**parameters, "dt": dt}), np.float64)
            if not (np.isfinite(period).all() and (period >= 0).all()):
                raise ModelError(f"'{self.spec.name}': the refractory period must be finite and not negative")
            steps = np.rint(period / dt)
            values[PERIOD] = float(steps) if steps.ndim == 0 else steps
        if self.spec.repeats:
            most = self.max_spikes(parameters, dt) if max_spikes is None else max_spikes
            values[MOST_SPIKES] = self._repetitions(most, dt)
        return values

    def _repetitions(self, max_spikes: Value, dt: float) -> Value:
        """How often spikes may be repeated in a step; what a model emits besides has no limit of its own."""
        if self.spec.emits:
            return np.minimum(max_spikes, MOST_EVENTS)
        if not (np.asarray(max_spikes) <= MOST_EVENTS).all():
            raise ModelError(
                f"'{self.spec.name}': up to {np.max(max_spikes):g} spikes in one step of {dt} ms are more "
                f"than {MOST_EVENTS}; use a lower rate, or a shorter time step"
            )
        return max_spikes

    def initial(
        self, parameters: Mapping[str, Value], localities: Collection[str] = ("local", "semiglobal", "global")
    ) -> dict[str, Value]:
        """Values of the variables of these localities at t = 0."""
        from pynn_annarchy.solvers.propagators import evaluate

        kept = (v for v in self.updates.model.variables if v.is_kept and v.locality in localities)
        return {variable.name: _whole(evaluate(variable.init, parameters), variable.dtype) for variable in kept}

    def decay_taus(self, values: Mapping[str, Value]) -> tuple[float | None, ...]:
        """The time constants, in ms, that exp(-elapsed/tau) is taken of, in the order of the kernel's tables.

        None for one that differs between synapses.

        Args:
            values: of `prepare`.
        """
        decays = self.kernel.decays if isinstance(self.kernel, LearningKernel) else ()
        return tuple(_number(tau, values) for tau in decays)

    def bound(self, parameters: Mapping[str, Value]) -> float | None:
        """The largest size of the weight that its bounds allow; None where one is missing or nothing changes it."""
        from pynn_annarchy.solvers.propagators import evaluate

        weight = next((v for v in self.updates.model.variables if v.name == WEIGHT), None)
        if weight is None or weight.minimum is None or weight.maximum is None:
            return None
        bounds = (evaluate(bound, parameters) for bound in (weight.minimum, weight.maximum))
        return max(float(np.max(np.abs(bound), initial=0.0)) for bound in bounds)

    def max_spikes(self, parameters: Mapping[str, Value], dt: float) -> Value:
        """Bound of the number of spikes in a step."""
        from pynn_annarchy.solvers.propagators import evaluate

        return evaluate(self.updates.model.max_spikes, {**parameters, "dt": dt})


@dataclass(frozen=True, slots=True)
class Generated:
    """What is known of a model before it is compiled."""

    updates: Updates
    kernel: Kernel
    fingerprint: str


def compile_models(requests: Sequence[tuple[ModelSpec, Storage]], options: Options) -> tuple[CompiledModel, ...]:
    """Runs the pipeline for each request; distinct models are compiled at the same time.

    Raises:
        EquationError: a model's text is wrong.
        TargetUnavailable: target 'cpp' or 'cuda' without a compiler.
        CompilationError: the compiler refused a module.
    """
    tools = _toolchain(options)
    generated = {request: generate(*request, options) for request in dict.fromkeys(requests)}
    libraries: dict[tuple[ModelSpec, Storage], Path | None] = dict.fromkeys(generated)
    if tools is not None:
        with ThreadPoolExecutor() as pool:
            built = pool.map(
                lambda request: build(generated[request], request[0], request[1], options, tools), generated
            )
            libraries.update(zip(generated, built, strict=True))
    return tuple(
        CompiledModel(
            spec,
            storage,
            options.precision,
            generated[spec, storage].updates,
            generated[spec, storage].kernel,
            generated[spec, storage].fingerprint,
            libraries[spec, storage],
        )
        for spec, storage in requests
    )


def storage_for(spec: ModelSpec, varying: Collection[str], options: Options) -> Storage:
    """Which module serves synapses, given which parameters differ between them: that says where traces can be kept.

    Args:
        varying: names of these parameters, and of variables that are given initial values.
    """
    kernel = generate(spec, Storage.SHARED, options).kernel
    if isinstance(kernel, ClockedKernel):
        parameters = {parameter.name for parameter in spec.parameters}
        return Storage.PER_ELEMENT if parameters & set(varying) else Storage.SHARED
    if not isinstance(kernel, LearningKernel):
        return Storage.SHARED
    traces = {field.name for field in (*kernel.pre_traces, *kernel.post_traces)}
    return Storage.PER_ELEMENT if {*kernel.trace_parameters, *traces} & set(varying) else Storage.SHARED


def _whole(value: Value, dtype: str) -> Value:
    """A value as an assignment gives it to a variable: an int loses its fraction."""
    if dtype != "int":
        return value
    whole = np.trunc(value)
    return whole if isinstance(whole, np.ndarray) else float(whole)


def _number(constant: ir.Value, values: Mapping[str, Value]) -> float | None:
    """A literal or a parameter, as far as it is one number."""
    if isinstance(constant, ir.Literal):
        return float(constant.value)
    assert isinstance(constant, ir.Load), "solvers hand out numbers and names"
    value = values[constant.field.name]
    return float(value) if np.ndim(value) == 0 else None


def generate(spec: ModelSpec, storage: Storage, options: Options) -> Generated:
    """ModelSpec -> kernel, or what the cache remembers of it."""
    from pynn_annarchy.model.canonical import canonical

    name = cache.key("model", canonical(spec), storage.value, options.precision, GENERATOR_VERSION, _own_digest())
    known = cache.load(f"{name}.model", options.directory)
    if isinstance(known, Generated):
        return known
    from pynn_annarchy.kernels.lower import lower
    from pynn_annarchy.kernels.passes.check import verify
    from pynn_annarchy.kernels.passes.contract import contract
    from pynn_annarchy.model.check import check
    from pynn_annarchy.solvers.discretise import discretise

    updates = discretise(check(spec), spec.method or None)
    generated = Generated(updates, verify(contract(lower(updates, storage is Storage.SHARED))), name)
    cache.store(f"{name}.model", generated, options.directory)
    return generated


@functools.lru_cache(maxsize=256)
def checked_model(spec: ModelSpec, options: Options) -> Model:
    """What is known of a model before it is compiled: its variables, with their types and localities."""
    return generate(spec, Storage.SHARED, options).updates.model


def build(
    generated: Generated, spec: ModelSpec, storage: Storage, options: Options, tools: toolchain.Toolchain
) -> Path:
    """Kernel -> library, or the one that the cache has."""
    return _compiled(_text(generated, spec, storage, options), spec.name, options, tools)


def device_library(options: Options) -> Path:
    """What all models of a device have in common, compiled by the same compiler as they.

    Raises:
        TargetUnavailable: there is no compiler for the device.
        CompilationError: the compiler refused it.
    """
    source = toolchain.native_directory() / "src" / "device.cu"
    tools = _toolchain(options)
    assert tools is not None, "a device has a compiler, or none at all, which is an error"
    return _compiled(source.read_text(), source.name, options, tools)


def _compiled(text: str, title: str, options: Options, tools: toolchain.Toolchain) -> Path:
    """The library of a text, from the cache where it is there."""
    name, folder = _library_name(text, tools), options.directory
    library = cache.find(f"{name}.so", folder)
    if library is None:
        source = cache.publish(f"{name}{tools.suffix}", text.encode(), folder)
        fresh = cache.scratch(".so", folder)
        tools.compile(source, fresh, title)
        library = cache.publish(f"{name}.so", fresh, folder)
        cache.trim(folder)
    return library


def _text(generated: Generated, spec: ModelSpec, storage: Storage, options: Options) -> str:
    return module_text(
        generated.kernel,
        storage is Storage.SHARED,
        options.precision,
        generated.fingerprint,
        spec.description,
        for_device=options.target == "cuda",
    )


def _library_name(text: str, tools: toolchain.Toolchain) -> str:
    return cache.key("library", text, toolchain.header_digest(), tools.identity)


def forget(requests: Sequence[tuple[ModelSpec, Storage]], options: Options) -> None:
    """Lets these models be generated and compiled anew when they are next asked for."""
    tools = _toolchain(options)
    for spec, storage in dict.fromkeys(requests):
        generated = generate(spec, storage, options)
        cache.remove(f"{generated.fingerprint}.model", options.directory)
        if tools is not None:
            name = _library_name(_text(generated, spec, storage, options), tools)
            cache.remove(f"{name}.so", options.directory)


def _toolchain(options: Options) -> toolchain.Toolchain | None:
    """The compiler, or None for the reference target."""
    if options.target == "reference":
        return None
    if options.target == "cuda":
        return device.find_toolchain(options.device, options.compiler, options.compiler_flags)
    try:
        return toolchain.find_toolchain(options.compiler, options.compiler_flags)
    except TargetUnavailable as error:
        if options.target == "cpp" or options.compiler is not None or options.compiler_flags:
            raise
        _warn_once(f"simulating with NumPy, hundreds of times slower than compiled code: {error}")
        return None


@functools.cache
def _warn_once(text: str) -> None:
    warn(text)


@functools.cache
def _own_digest() -> str:
    """Of the sources that turn text into kernels."""
    root = Path(__file__).parent.parent
    folders = ("language", "model", "solvers", "kernels", "targets")
    return cache.key(*(file.read_text() for folder in folders for file in sorted((root / folder).rglob("*.py"))))
