# cython: language_level=3, boundscheck=False, wraparound=False
# distutils: language = c++
"""The door to native/src: what Python prepares, C++ runs. Arrays are handed over by pointer and kept alive here."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy
from libcpp cimport bool as cbool
from libcpp.memory cimport make_shared, make_unique, shared_ptr, unique_ptr
from libcpp.string cimport string
from libcpp.utility cimport move
from libcpp.vector cimport vector

import numpy as np

from pynn_annarchy.engine.device_errors import device_error, library_error


cdef extern from *:
    """
    #include <exception>
    #include <new>
    #include <string>
    #include "pynn_annarchy/device.h"

    enum Kind { of_device, of_memory, of_engine };

    // What is being thrown: its text and, where a device says it, its code.
    static Kind thrown(std::string& text, int& code) {
        try {
            throw;
        } catch (const pnn::DeviceError& error) {
            text = error.what();
            code = error.code;
            return of_device;
        } catch (const std::bad_alloc& error) {
            text = error.what();
            return of_memory;
        } catch (const std::exception& error) {
            text = error.what();
        } catch (...) {
            text = "unknown";
        }
        return of_engine;
    }
    """
    enum Kind:
        of_device
        of_memory
        of_engine
    Kind thrown(string&, int&)


cdef error_thrown(bint while_opening):
    """The error for what C++ throws where a device may be at work."""
    cdef string text
    cdef int code = 0
    cdef Kind kind = thrown(text, code)
    said = text.decode(errors="replace")
    if kind == of_device:
        return library_error(said) if while_opening and code == 0 else device_error(said, code)
    return MemoryError(said) if kind == of_memory else RuntimeError(said)


cdef int raise_thrown() except *:
    raise error_thrown(False)


cdef int raise_unopened() except *:
    raise error_thrown(True)


cdef extern from "pynn_annarchy/cuda/abi.h" nogil:
    ctypedef struct pnn_device_properties:
        char* name
        int64_t memory
        int64_t free_memory
        int32_t capability

cdef extern from "pynn_annarchy/device.h" namespace "pnn" nogil:
    cdef cppclass CRequests "pnn::Requests":
        int64_t launches, repetitions, uploaded, downloaded, alongside

    cdef cppclass CDevice "pnn::Device":
        @staticmethod
        shared_ptr[CDevice] open(const char*, int, int) except +raise_unopened
        const pnn_device_properties& properties()
        const CRequests& requests()

cdef extern from "pynn_annarchy/abi.h" nogil:
    ctypedef struct pnn_field:
        const char* name
        int32_t dtype
    ctypedef struct pnn_module:
        const pnn_field* arrays
        int32_t n_arrays
        const char* const* shared
        int32_t n_shared
        int32_t n_receptors
        int32_t n_pre_traces
        int32_t n_post_traces
        int32_t has_post
    ctypedef struct pnn_step:
        int64_t step
    ctypedef struct pnn_segment:
        void* const* arrays
        const double* shared
        int64_t* const* inputs
        const double* quanta
        uint32_t object_index
        int64_t element_offset

cdef extern from "pynn_annarchy/engine.h" namespace "pnn" nogil:
    ctypedef enum CLawKind "pnn::Law::Kind":
        pass

    cdef cppclass CLaw "pnn::Law":
        CLawKind kind
        double first, second, low, high
        uint32_t seed_key, stream
        uint64_t position

    cdef cppclass CPlan "pnn::Plan":
        uint32_t seed_key, stream
        uint64_t position
        CLaw weight, delay
        double dt, tolerance

    cdef cppclass CRange "pnn::Drawn::Range":
        double least, greatest
        bint failed

    cdef cppclass CDrawn "pnn::Drawn":
        CRange weight, delay

    cdef cppclass CStaging "pnn::Staging":
        CStaging(int64_t, int64_t)
        CDrawn generate(int64_t, const CPlan&, int) except + nogil
        void add(int64_t, const int32_t*, int, const int32_t*, int, const double*, int, const uint16_t*, int) except +
        int64_t size()
    cdef struct RecentSpikes:
        vector[int64_t] step
        vector[uint32_t] index
        vector[uint32_t] count
        size_t first
    cdef cppclass FiringRate:
        double* values
        int64_t window
        double per_spike
        vector[uint32_t] counts
        vector[RecentSpikes] spikes
        void forget(int64_t, int)
        void clear()
    ctypedef enum Reduction "pnn::Reduction":
        pass
    cdef struct PopulationValue:
        int variable
        Reduction operation
        int shared
    cdef struct SpikeList:
        vector[uint32_t] index
        vector[uint32_t] count
        int64_t n
    cdef struct RecordedSpikes:
        pass
    cdef cppclass Current:
        vector[int64_t] steps
        vector[double] amplitudes
        const pnn_module* module
        vector[double] shared
        uint32_t object_index
        int64_t start
        int64_t stop
        int64_t every
        double* record
    cdef struct Injection:
        int current
        vector[int64_t] index
        vector[int64_t] bounds
        cbool contiguous
    cdef struct ScheduledPart:
        vector[int64_t] step
        vector[uint32_t] index
        vector[double] value
    cdef struct Schedule:
        vector[void*] inputs
        int32_t dtype
        vector[ScheduledPart] parts
    cdef struct Frames:
        vector[void*] inputs
        int32_t dtype
        vector[int64_t] steps
        const double* values
        cbool one_for_all
        int64_t origin
        int64_t period
        vector[int64_t] shown
    cdef cppclass Seen:
        string name
        const void* source
        int32_t dtype
        vector[double] rows
    cdef struct Publication:
        vector[Seen] variables
    cdef cppclass Gathered:
        void* input
        int32_t dtype
        const void* base
        vector[double] sums
    cdef enum class Place(uint8_t):
        pass
    cdef struct Activity:
        cbool transmits
        cbool axons_transmit
        cbool advances
        int64_t period
        int64_t offset
    cdef cppclass Population:
        Schedule schedule
        Frames frames
        int64_t size
        cbool active
        const double* axonal
        vector[Gathered] gathered
        vector[PopulationValue] values
        Publication published
        FiringRate rate
        void part(int) except +
        void publish(vector[Seen], int64_t, int64_t) except +
        const pnn_module* module
        pnn_segment segment
        vector[void*] arrays
        vector[double] shared
        vector[double] quanta
        vector[double] max_spikes
        vector[int64_t] bounds
        vector[int64_t] event_step
        vector[uint32_t] event_index
        vector[uint32_t] event_count
        size_t next_event
        cbool records_spikes
        vector[uint8_t] recorded
        vector[RecordedSpikes] spike_record
        void* injected
        int32_t injected_dtype
        vector[Injection] injections
    cdef cppclass Signal:
        int population
        const void* source
        int32_t dtype
        vector[int64_t] index
        cbool contiguous
        double* buffer
        int64_t start_step
        int64_t every
    cdef struct Shifts:
        double pre
        double post
        double sees
    cdef cppclass Learning:
        pass
    cdef cppclass CProjection "pnn::Projection":
        void come_back() except +raise_thrown
        CProjection()
        int pre
        int axons
        int post
        int receptor
        const pnn_module* module
        uint32_t object_index
        int number
        double bound
        cbool has_units
        vector[double] shared
        cbool changes
        cbool learns
        cbool clocked
        int input
        Activity activity
        vector[int] pre_seen
        vector[int] post_seen
        void make_dendrites() except +
        void prepare_clocked(const uint64_t*) except +
        void read_field(const uint64_t*, int, double*)
        size_t field_size(int)
        cbool spikes_matter
        vector[Place] kinds
        double dendritic
        double declared_bound
        double origin
        int weight_field
        int n_parameters
        vector[const double*] table_pointers
        int64_t table_length
        void prepare_learning(const uint64_t*) except +
        cbool keeps_one_weight(double*)
        void set_column(const uint64_t*, int, const double*, double) except +
        void read_column(const uint64_t*, int, int64_t, const pnn_step&, double*) except +
        void read_events(const uint64_t*, int64_t, double*, double*, double*, double*) except +
        cbool in_flight()
        void inherit(CProjection&)
        Shifts shifts(int)
        vector[Learning] learning
        void build(CStaging&, const vector[int64_t]&) except +
        int64_t size()
        size_t bytes()
        int max_delay()
        int min_delay()
        void update_bound()
        void canonical_order(uint64_t*) except +
        bint spread(const uint64_t*, const double*, int64_t, double*) nogil
        void describe(const uint64_t*, int32_t*, int32_t*, double*, uint16_t*)
        void set_weights(const uint64_t*, const double*) except +
        void set_weights_at(const uint64_t*, const int64_t*, int64_t, const double*) except +
        double weight_unit()
        int n_partitions()
        void take_unit(double) except +
    cdef cppclass Seconds "std::array<double, pnn::n_phases>":
        double operator[](size_t)
        size_t size()
    cdef cppclass Work:
        uint64_t steps
        uint64_t updates
        uint64_t spikes
        uint64_t events
        double preparation
        Seconds seconds
        double undivided
    cdef cppclass CEngine "pnn::Engine":
        CEngine(int, double, uint32_t)
        Work work
        int partitions
        uint16_t trial
        uint32_t seed_key
        int64_t step
        vector[unique_ptr[Population]] populations
        vector[shared_ptr[CProjection]] projections
        vector[shared_ptr[CProjection]] draining
        vector[unique_ptr[Signal]] signals
        vector[unique_ptr[Current]] currents
        vector[uint8_t] state() except +raise_thrown
        void restore(const uint8_t*, size_t) except +raise_thrown
        void use_device(shared_ptr[CDevice]) except +raise_thrown
        void take_back() except +raise_thrown
        void fetch(const void*) except +raise_thrown
        void touch(const void*) except +raise_thrown
        void fetch_all() except +raise_thrown
        void push() except +raise_thrown
        int run(int64_t, int) except +raise_thrown
        void replace(int, shared_ptr[CProjection])
        void clear_events()
        void clear_spikes(int)
        int64_t n_recorded(int)
        void take_recorded(int, int64_t*, int64_t*)
        void update_quanta(int)
        void accept(int) except +raise_thrown
        void apply(int) except +raise_thrown
        pnn_step now()
    const double headroom
    const pnn_module* load_module(const char*, const char*, string&)
    vector[int64_t] partition_bounds(int64_t, int)


HEADROOM = headroom
"""How far an increment may grow beyond the largest initial weight."""


cdef class Module:
    """A loaded generated module; the library stays loaded for the life of the process."""

    cdef const pnn_module* table

    def __init__(self, path: str, fingerprint: str):
        cdef string error
        self.table = load_module(path.encode(), fingerprint.encode(), error)
        if self.table == NULL:
            raise ImportError(f"{path}: {error.decode(errors='replace')}")

    @property
    def arrays(self):
        return tuple(self.table.arrays[i].name.decode() for i in range(self.table.n_arrays))

    @property
    def shared(self):
        return tuple(self.table.shared[i].decode() for i in range(self.table.n_shared))


cdef class Device:
    """A device that can run the steps of networks: its number, or an emulation that takes lanes in some order."""

    cdef shared_ptr[CDevice] device

    def __init__(self, path: str, int number, int order):
        self.device = CDevice.open(path.encode(), number, order)

    @property
    def name(self):
        return self.device.get().properties().name.decode(errors="replace")

    @property
    def memory(self):
        """Bytes, in all."""
        return self.device.get().properties().memory

    @property
    def free_memory(self):
        """Bytes that were free when it was opened."""
        return self.device.get().properties().free_memory

    @property
    def capability(self):
        """Compute capability, (9, 0) and the like."""
        return divmod(self.device.get().properties().capability, 10)

    @property
    def requests(self):
        """What has been asked of it since it was opened.

        Launches of kernels (once where they are kept), repetitions of those that are kept, bytes uploaded and downloaded, and
        how many of the latter while there were launches.
        """
        cdef CRequests all = self.device.get().requests()
        return {
            "launches": all.launches,
            "repetitions": all.repetitions,
            "uploaded": all.uploaded,
            "downloaded": all.downloaded,
            "alongside": all.alongside,
        }


cdef class Staging:
    """Synapses on their way into rows."""

    cdef CStaging* staging

    def __cinit__(self, int64_t n_pre, int64_t n_post):
        self.staging = new CStaging(n_pre, n_post)

    def __dealloc__(self):
        del self.staging

    def __len__(self):
        return self.staging.size()

    def add(self, int64_t n, const int32_t[::1] pre, const int32_t[::1] post, const double[::1] weight,
            const uint16_t[::1] delay):
        """Adds n synapses; an array of one element serves all of them."""
        if n == 0:
            return
        for length in (pre.shape[0], post.shape[0], weight.shape[0], delay.shape[0]):
            if length != n and length != 1:
                raise ValueError(f"{n} synapses cannot take {length} values")
        cdef int steps[4]
        steps[0] = pre.shape[0] == n
        steps[1] = post.shape[0] == n
        steps[2] = weight.shape[0] == n
        steps[3] = delay.shape[0] == n
        with nogil:
            self.staging.add(n, &pre[0], steps[0], &post[0], steps[1], &weight[0], steps[2], &delay[0], steps[3])

    def generate(self, int64_t n, tuple pairs, weight, delay, double dt, double tolerance, int n_threads):
        """Draws n synapses between any two cells.

        Args:
            pairs: key, stream and position of the generator that draws them.
            weight, delay: laws, each a tuple (kind, first, second, low, high, key, stream, position); see generate.h.

        Returns:
            For weights and for delays (in ms): least, greatest, and whether the law failed.
        """
        cdef CPlan plan
        plan.seed_key, plan.stream, plan.position = pairs
        _set_law(&plan.weight, weight)
        _set_law(&plan.delay, delay)
        plan.dt = dt
        plan.tolerance = tolerance
        cdef CDrawn drawn
        with nogil:
            drawn = self.staging.generate(n, plan, n_threads)
        return (
            (drawn.weight.least, drawn.weight.greatest, bool(drawn.weight.failed)),
            (drawn.delay.least, drawn.delay.greatest, bool(drawn.delay.failed)),
        )


cdef _set_law(CLaw* law, tuple given):
    law.kind = <CLawKind><int>given[0]
    law.first, law.second, law.low, law.high, law.seed_key, law.stream, law.position = given[1:]


cdef class Rows:
    """The synapses of one projection, sorted into delayed rows by partition; outlives the engine's use of it.

    With units, weights that differ are rounded to 16-bit multiples of a power of two that follows from the largest of them.
    """

    cdef shared_ptr[CProjection] projection
    cdef list _tables  # of decays: the projection has their addresses

    def __init__(self, Staging staging, const int64_t[::1] bounds, cbool has_units=False):
        cdef vector[int64_t] partition
        for bound in bounds:
            partition.push_back(bound)
        self.projection = make_shared[CProjection]()
        self.projection.get().has_units = has_units
        with nogil:
            self.projection.get().build(staging.staging[0], partition)
            self.projection.get().update_bound()

    cdef CProjection* host(self) except NULL:
        """The synapses where what a run changes is to be looked at or changed: what a device alone has comes back first."""
        self.projection.get().come_back()
        return self.projection.get()

    def __len__(self):
        return self.projection.get().size()

    @property
    def nbytes(self):
        return self.projection.get().bytes()

    @property
    def n_partitions(self):
        return self.projection.get().n_partitions()

    @property
    def bound(self):
        """The largest increment that is not refused."""
        return self.projection.get().bound

    @property
    def max_delay(self):
        return self.projection.get().max_delay()

    @property
    def min_delay(self):
        return self.projection.get().min_delay()

    def canonical_order(self):
        """Place of each synapse in the order (pre, post, creation), packed; uint64."""
        cdef uint64_t[::1] order = np.empty(len(self), np.uint64)
        if len(self):
            with nogil:
                self.projection.get().canonical_order(&order[0])
        return np.asarray(order)

    def spread(self, uint64_t[::1] order, const double[::1] values, double[:, ::1] matrix):
        """Puts values of each synapse at (pre, post); returns whether no two of them connect the same cells."""
        cdef bint are_pairs = True
        if len(self):
            with nogil:
                are_pairs = self.projection.get().spread(&order[0], &values[0], matrix.shape[1], &matrix[0, 0])
        return are_pairs

    def _describe(self, uint64_t[::1] order, name, dtype):
        out = np.empty(len(self), dtype)
        cdef int32_t[::1] integers
        cdef double[::1] reals
        cdef uint16_t[::1] steps
        cdef CProjection* projection = self.host()
        if len(self) == 0:
            return out
        if name == "pre":
            integers = out
            projection.describe(&order[0], &integers[0], NULL, NULL, NULL)
        elif name == "post":
            integers = out
            projection.describe(&order[0], NULL, &integers[0], NULL, NULL)
        elif name == "weight":
            reals = out
            projection.describe(&order[0], NULL, NULL, &reals[0], NULL)
        else:
            steps = out
            projection.describe(&order[0], NULL, NULL, NULL, &steps[0])
        return out

    def pre(self, order):
        return self._describe(order, "pre", np.int32)

    def post(self, order):
        return self._describe(order, "post", np.int32)

    def weight(self, order):
        return self._describe(order, "weight", np.float64)

    @property
    def common_weight(self):
        """The weight that the rows keep once for all synapses; None where they keep one of each."""
        cdef double value = 0.0
        return value if self.host().keeps_one_weight(&value) else None

    @property
    def weight_unit(self):
        """Weights are whole multiples of this, which have 16 bits; 0 where they are kept otherwise."""
        return self.projection.get().weight_unit()

    @weight_unit.setter
    def weight_unit(self, double unit):
        self.host().take_unit(unit)

    def delay(self, order):
        """In steps."""
        return self._describe(order, "delay", np.uint16)

    def learn(self, int weight_field, int n_parameters, double dendritic, double declared_bound, int64_t origin, list tables):
        """Says that a module's synapses learn: where the weight lies among their fields, the step from which on what they
        store holds, and the tables of their decays."""
        cdef CProjection* projection = self.host()
        cdef const double[::1] values
        cdef const double* first
        projection.changes = projection.learns = True
        projection.weight_field = weight_field
        projection.n_parameters = n_parameters
        projection.dendritic = dendritic
        projection.declared_bound = declared_bound
        projection.origin = origin
        projection.table_pointers.clear()
        projection.table_length = 0
        self._tables = tables
        for item in tables:
            first = NULL
            if item is not None:
                values = item
                first = &values[0]
                projection.table_length = values.shape[0]
            projection.table_pointers.push_back(first)
        projection.update_bound()

    def see(self, list pre_seen, list post_seen, int input):
        """Which of the variables that the populations publish these synapses see, and which of the gathered inputs their psp
        goes to (-1: none)."""
        cdef CProjection* projection = self.host()
        projection.pre_seen = pre_seen
        projection.post_seen = post_seen
        projection.input = input

    def act(self, cbool transmits, cbool axons_transmit, cbool advances, int64_t period, int64_t offset):
        """What synapses do while time goes on: whether they transmit, axonal spikes too, and advance every so many steps."""
        cdef CProjection* projection = self.host()
        projection.activity.transmits, projection.activity.axons_transmit = transmits, axons_transmit
        projection.activity.advances = advances
        projection.activity.period, projection.activity.offset = period, offset

    def clock(self, int weight_field, int n_parameters, double declared_bound, cbool spikes_matter, list kinds):
        """Says that a module's synapses do something in every step, where the weight lies among their fields, whether spikes
        change anything, and of what each field has one value (kernels/ir.Place)."""
        cdef CProjection* projection = self.host()
        projection.changes = projection.clocked = True
        projection.weight_field = weight_field
        projection.n_parameters = n_parameters
        projection.declared_bound = declared_bound
        projection.spikes_matter = spikes_matter
        projection.kinds.clear()
        for kind in kinds:
            projection.kinds.push_back(<Place><int>kind)
        projection.make_dendrites()
        projection.update_bound()

    def prepare_clocked(self, uint64_t[::1] order):
        """Makes room for all that the bound module stores; columns that were not set are zero."""
        cdef const uint64_t* places = NULL
        if order.shape[0]:
            places = &order[0]
        self.host().prepare_clocked(places)

    def read_field(self, uint64_t[::1] order, int field):
        """A field of synapses that do something in every step: in canonical order, by post-synaptic cell, or one value."""
        cdef double[::1] out = np.empty(self.projection.get().field_size(field))
        if len(self) and out.shape[0]:
            self.host().read_field(&order[0], field, &out[0])
        return np.asarray(out)

    def prepare_learning(self, uint64_t[::1] order):
        """Makes room for all that the bound module stores; columns that were not set are zero. Modules that draw need the
        canonical order, others can do with None."""
        cdef const uint64_t* places = NULL
        if order is not None and order.shape[0]:
            places = &order[0]
        self.host().prepare_learning(places)

    def set_common(self, int field, double value):
        """Gives a field of the module one value."""
        if len(self):
            self.host().set_column(NULL, field, NULL, value)

    def set_column(self, uint64_t[::1] order, int field, value):
        """Gives a field of the module its values, one a synapse in canonical order."""
        cdef const double[::1] values
        if not len(self):
            return
        values = np.ascontiguousarray(value, np.float64)
        wanted = self.projection.get().field_size(field) if self.projection.get().clocked else len(self)
        if values.shape[0] != wanted:
            raise ValueError(f"a field of {wanted} values cannot take {values.shape[0]}")
        self.host()
        with nogil:
            self.projection.get().set_column(&order[0], field, &values[0], 0.0)

    def inherit(self, Rows old):
        """Takes over what rows of the same cells, of which no spike is under way, know of post-synaptic spikes."""
        self.host().inherit(old.host()[0])

    def shifts(self, delay):
        """How delays, in steps, divide: from emission to passage, from a post-synaptic spike to its arrival, and how much
        later than a passing spike a post-synaptic one may be emitted to be seen by it; float64, shape (3, n)."""
        distinct, place = np.unique(np.asarray(delay), return_inverse=True)
        table = np.empty((3, len(distinct)))
        cdef Shifts shift
        for number, steps in enumerate(distinct):
            shift = self.projection.get().shifts(<int>steps)
            table[:, number] = shift.pre, shift.post, shift.sees
        return table[:, place]

    @property
    def in_flight(self):
        """Whether spikes are under way."""
        return self.host().in_flight()

    def set_weight_at(self, uint64_t[::1] order, const int64_t[::1] index, const double[::1] weight):
        """Weights of some synapses, given by their canonical indices; takes no longer for many others."""
        if weight.shape[0] != index.shape[0]:
            raise ValueError(f"{index.shape[0]} synapses cannot take {weight.shape[0]} weights")
        for i in range(index.shape[0]):
            if index[i] < 0 or index[i] >= order.shape[0]:
                raise IndexError(f"no synapse has the index {index[i]}")
        if index.shape[0]:
            self.host().set_weights_at(&order[0], &index[0], index.shape[0], &weight[0])

    def set_weight(self, uint64_t[::1] order, const double[::1] weight):
        if weight.shape[0] != len(self):
            raise ValueError(f"{len(self)} synapses cannot take {weight.shape[0]} weights")
        if len(self):
            self.host()
            with nogil:
                self.projection.get().set_weights(&order[0], &weight[0])
                self.projection.get().update_bound()


def bounds_of_partitions(int64_t size, int partitions):
    """First element of each partition and the size, int64, shape (partitions + 1,)."""
    cdef vector[int64_t] bounds = partition_bounds(size, partitions)
    return np.array([bounds[i] for i in range(bounds.size())], np.int64)


_REDUCTIONS = {"mean": 0, "min": 1, "max": 2, "norm1": 3, "norm2": 4}


cdef void* _address(array) except? NULL:
    return <void*><size_t>array.ctypes.data


cdef class Engine:
    """The step loop and its populations, projections and signals, by number."""

    cdef CEngine* engine
    cdef dict kept  # what C++ points to, by population
    cdef list modules

    def __cinit__(self, int partitions, double dt, uint32_t seed_key):
        self.engine = new CEngine(partitions, dt, seed_key)
        self.kept = {}
        self.modules = []

    def __dealloc__(self):
        del self.engine

    cdef CEngine* host(self) except NULL:
        """The engine where it is to be looked at or changed: what a device alone has comes back first."""
        self.engine.take_back()
        return self.engine

    @property
    def step(self):
        return self.engine.step

    @step.setter
    def step(self, int64_t value):
        self.host().step = value

    @property
    def seed_key(self):
        return self.engine.seed_key

    @seed_key.setter
    def seed_key(self, uint32_t value):
        self.host().seed_key = value

    @property
    def trial(self):
        return self.engine.trial

    @trial.setter
    def trial(self, uint16_t value):
        self.host().trial = value

    def add_population(self, int64_t size):
        """A population without a module: a source of given spikes until `bind_cells` gives it one."""
        cdef unique_ptr[Population] owned = make_unique[Population]()
        cdef Population* population = owned.get()
        population.size = size
        population.part(self.host().partitions)
        self.host().populations.push_back(move(owned))
        return self.host().populations.size() - 1

    def bind_cells(self, int number, Module module, list arrays, const double[::1] shared, uint32_t object_index):
        """Points a population to its arrays, in the module's order."""
        cdef Population* population = self.host().populations[number].get()
        population.module = module.table
        population.arrays.clear()
        for array in arrays:
            population.arrays.push_back(_address(array))
        population.shared.clear()
        for i in range(shared.shape[0]):
            population.shared.push_back(shared[i])
        population.segment.arrays = population.arrays.data()
        population.segment.shared = population.shared.data()
        population.segment.quanta = population.quanta.data()
        population.segment.object_index = object_index
        population.segment.element_offset = 0
        self.kept[number] = (module, arrays)

    def take_axonal(self, int number, array):
        """Lets a population consist of the axonal spikes of other cells: not zero in the array where there is one."""
        self.host().populations[number].get().axonal = <const double*>_address(array)
        self.kept[number] = array

    def forget_published(self):
        """What cells have published so far is forgotten: with the next `publish` the past is like the present."""
        for i in range(self.host().populations.size()):
            self.host().populations[i].get().published.variables.clear()

    def publish(self, int number, list variables, int64_t depth):
        """What synapses see of a population, and over how many steps: (name, present values, whether they change)."""
        cdef Population* population = self.host().populations[number].get()
        cdef vector[Seen] seen
        cdef Seen item
        cdef const double[::1] constant
        kept = []
        for name, values, changes in variables:
            item.name = name.encode()
            item.source = NULL
            item.rows.clear()
            if changes:
                item.source = _address(values)
                item.dtype = 1 if values.dtype == np.float32 else 0
                kept.append(values)
            else:
                constant = np.ascontiguousarray(values, np.float64)
                for i in range(constant.shape[0]):
                    item.rows.push_back(constant[i])
            seen.push_back(item)
        population.publish(seen, depth, self.host().step)
        self.kept[number, "seen"] = kept

    def count_spikes(self, int number, values, int64_t window, double per_spike):
        """Lets the firing rates of a population, in Hz, be those in a window of so many steps."""
        cdef FiringRate* rate = &self.host().populations[number].get().rate
        cdef int64_t i
        rate.values = <double*>_address(values)
        rate.window = window
        rate.per_spike = per_spike
        rate.counts.resize(self.host().populations[number].get().size)
        rate.spikes.resize(self.host().partitions)
        for i in range(<int64_t>rate.counts.size()):
            rate.values[i] = rate.counts[i] * per_spike
        for i in range(self.host().partitions):
            rate.forget(self.host().step, <int>i)
        self.kept[number, "rate"] = values

    def recent_spikes(self, int number):
        """Step, index and number of the spikes that count in firing rates, one partition after the other."""
        cdef FiringRate* rate = &self.host().populations[number].get().rate
        cdef RecentSpikes* part
        cdef size_t p, k
        found = []
        for p in range(rate.spikes.size()):
            part = &rate.spikes[p]
            for k in range(part.first, part.step.size()):
                found.append((part.step[k], part.index[k], part.count[k]))
        columns = np.array(found, np.int64).reshape(-1, 3)
        return columns[:, 0], columns[:, 1], columns[:, 2]

    def set_recent_spikes(self, int number, const int64_t[:] step, const int64_t[:] index, const int64_t[:] count):
        """Lets these be the spikes that count in firing rates; steps ascend for each cell."""
        cdef FiringRate* rate = &self.host().populations[number].get().rate
        cdef RecentSpikes* part
        cdef size_t k
        rate.clear()
        owner = np.searchsorted(self._borders(number)[1:], np.asarray(index), side="right")
        order = np.lexsort((np.asarray(index), np.asarray(step)))
        for k in order:
            part = &rate.spikes[<size_t>owner[k]]
            part.step.push_back(step[k])
            part.index.push_back(<uint32_t>index[k])
            part.count.push_back(<uint32_t>count[k])
            rate.counts[<size_t>index[k]] += <uint32_t>count[k]

    def form_values(self, int number, list values):
        """What is formed of what a population publishes: (place among that, operation, place among its shared values or -1)."""
        cdef Population* population = self.host().populations[number].get()
        cdef PopulationValue item
        population.values.clear()
        for variable, operation, shared in values:
            item.variable = variable
            item.operation = <Reduction><int>_REDUCTIONS[operation]
            item.shared = shared
            population.values.push_back(item)

    def gather(self, int number, list inputs):
        """Inputs of a population that take what synapses transmit all the time: (array, base that is added or None)."""
        cdef Population* population = self.host().populations[number].get()
        cdef Gathered item
        population.gathered.clear()
        for array, base in inputs:
            item.input = _address(array)
            item.dtype = 1 if array.dtype == np.float32 else 0
            item.base = NULL if base is None else _address(base)
            item.sums.resize(population.size)
            population.gathered.push_back(item)
        self.kept[number, "gathered"] = inputs

    def set_receptors(self, int number, int n):
        """Gives a population its accumulators' quanta, before modules or projections refer to them."""
        self.host().populations[number].get().quanta.resize(n, 1.0)

    def set_max_spikes(self, int number, const double[::1] value):
        cdef Population* population = self.host().populations[number].get()
        population.max_spikes.clear()
        for i in range(value.shape[0]):
            population.max_spikes.push_back(value[i])

    def update_quanta(self, int number):
        """Value of one unit of each receptor's accumulators, from the bounds of all that project to the population."""
        self.host().update_quanta(number)
        return [value for value in self.host().populations[number].get().quanta]

    def set_events(self, int number, const int64_t[::1] step, const uint32_t[::1] index, const uint32_t[::1] count):
        """Given spikes of a source: steps ascending, one entry a cell and step (the source emits `count` there)."""
        cdef Population* population = self.host().populations[number].get()
        cdef size_t n = step.shape[0]
        population.event_step.resize(n)
        population.event_index.resize(n)
        population.event_count.resize(n)
        for i in range(n):
            population.event_step[i] = step[i]
            population.event_index[i] = index[i]
            population.event_count[i] = count[i]
        population.next_event = 0

    def set_schedule(self, int number, list arrays, const int64_t[::1] step, const int64_t[::1] index,
                     const double[:, :] value):
        """Changes of scheduled inputs, steps ascending: in `arrays[k]` of a cell `value[k]` acts from ``step * dt`` on."""
        cdef Population* population = self.host().populations[number].get()
        cdef Schedule* schedule = &population.schedule
        cdef size_t p
        schedule.inputs.clear()
        for array in arrays:
            schedule.inputs.push_back(_address(array))
            schedule.dtype = 1 if array.dtype == np.float32 else 0
        schedule.parts.clear()
        schedule.parts.resize(self.host().partitions)
        owner = np.searchsorted(self._borders(number)[1:], np.asarray(index), side="right")
        for p in range(schedule.parts.size()):
            chosen = np.flatnonzero(owner == p)
            self._fill_part(&schedule.parts[p], np.asarray(step)[chosen], np.asarray(index)[chosen],
                            np.ascontiguousarray(np.asarray(value)[:, chosen].T))

    def set_frames(self, int number, list arrays, const int64_t[::1] steps, const double[:, :, ::1] values,
                   int64_t origin, int64_t period):
        """Inputs that change for all cells together; see Frames. The caller keeps `values`, (step, input, cell or one)."""
        cdef Population* population = self.host().populations[number].get()
        cdef Frames* frames = &population.frames
        frames.inputs.clear()
        for array in arrays:
            frames.inputs.push_back(_address(array))
            frames.dtype = 1 if array.dtype == np.float32 else 0
        frames.steps = [step for step in steps]
        frames.values = &values[0, 0, 0] if values.size else NULL
        frames.one_for_all = values.shape[2] == 1
        frames.origin = origin
        frames.period = period
        frames.shown.assign(self.host().partitions, -2)

    cdef _fill_part(self, ScheduledPart* part, const int64_t[::1] step, const int64_t[::1] index,
                    const double[:, ::1] value):
        cdef size_t i, k, n = step.shape[0], width = value.shape[1]
        part.step.resize(n)
        part.index.resize(n)
        part.value.resize(n * width)
        for i in range(n):
            part.step[i] = step[i]
            part.index[i] = <uint32_t>index[i]
            for k in range(width):
                part.value[i * width + k] = value[i, k]

    cdef _borders(self, int number):
        cdef Population* population = self.host().populations[number].get()
        return [population.bounds[p] for p in range(population.bounds.size())]

    def record_spikes(self, int number, bint on, mask):
        """Switches recording; `mask` is uint8 per cell or None for all."""
        cdef Population* population = self.host().populations[number].get()
        cdef const uint8_t[::1] view
        population.records_spikes = on
        population.recorded.clear()
        if mask is not None:
            view = mask
            for i in range(view.shape[0]):
                population.recorded.push_back(view[i])

    def take_spikes(self, int number):
        """Recorded spikes since the last call, one entry a spike: (step, index), sorted by (step, index)."""
        cdef int64_t total = self.engine.n_recorded(number)
        steps, indices = np.empty(total, np.int64), np.empty(total, np.int64)
        cdef int64_t[::1] step = steps
        cdef int64_t[::1] index = indices
        if total:
            with nogil:
                self.engine.take_recorded(number, &step[0], &index[0])
        return steps, indices

    def add_signal(self, int population, const int64_t[::1] index):
        """A recorded variable of the cells `index` (ascending)."""
        cdef unique_ptr[Signal] owned = make_unique[Signal]()
        cdef Signal* signal = owned.get()
        cdef int64_t i, n = index.shape[0]
        signal.population = population
        for i in range(n):
            signal.index.push_back(index[i])
        signal.contiguous = n > 0 and index[n - 1] - index[0] == n - 1
        self.host().signals.push_back(move(owned))
        return self.host().signals.size() - 1

    def clear_signals(self):
        self.host().signals.clear()

    def bind_signal(self, int number, source, buffer, int64_t start_step, int64_t every):
        """Where the next samples come from and go to; the caller keeps both arrays alive through the run."""
        cdef Signal* signal = self.engine.signals[number].get()
        signal.source = _address(source)
        signal.dtype = 1 if source.dtype == np.float32 else 0
        signal.buffer = <double*>_address(buffer)
        signal.start_step = start_step
        signal.every = every

    def add_current(self):
        cdef unique_ptr[Current] owned = make_unique[Current]()
        self.host().currents.push_back(move(owned))
        return self.host().currents.size() - 1

    def set_table(self, int number, const int64_t[::1] steps, const double[::1] amplitudes):
        """Amplitudes, in nA, that act from the times steps * dt on; steps ascending."""
        cdef Current* current = self.host().currents[number].get()
        current.module = NULL
        current.steps.resize(steps.shape[0])
        current.amplitudes.resize(steps.shape[0])
        for i in range(steps.shape[0]):
            current.steps[i] = steps[i]
            current.amplitudes[i] = amplitudes[i]

    def set_output(self, int number, Module module, const double[::1] shared, int64_t start, int64_t stop, int64_t every,
                   uint32_t object_index):
        """A module's output, from step `start` up to `stop`, taken every so many steps."""
        cdef Current* current = self.host().currents[number].get()
        current.module = module.table
        current.shared.clear()
        for i in range(shared.shape[0]):
            current.shared.push_back(shared[i])
        current.start = start
        current.stop = stop
        current.every = every
        current.object_index = object_index

    def inject(self, int number, array, list injections):
        """The currents of a population: where their sum goes, and (current, cells, ascending) in the order of adding up."""
        cdef Population* population = self.host().populations[number].get()
        cdef const int64_t[::1] index
        population.injected = _address(array)
        population.injected_dtype = 1 if array.dtype == np.float32 else 0
        population.injections.clear()
        population.injections.resize(len(injections))
        borders = [population.bounds[p] for p in range(population.bounds.size())]
        for k, (current, cells) in enumerate(injections):
            index = cells
            population.injections[k].current = current
            for i in range(index.shape[0]):
                population.injections[k].index.push_back(index[i])
            for bound in np.searchsorted(cells, borders):
                population.injections[k].bounds.push_back(bound)
            population.injections[k].contiguous = bool((np.diff(cells) == 1).all())

    def record_current(self, int number, buffer):
        """Where the amplitudes of the next run go, one a step."""
        self.engine.currents[number].get().record = <double*>_address(buffer)

    def add_projection(self):
        self.host().projections.push_back(shared_ptr[CProjection]())
        return self.host().projections.size() - 1

    def bind_rows(self, int number, Rows rows, int pre, int axons, int post, int receptor, Module module,
                  const double[::1] shared, uint32_t object_index):
        """Gives a projection its rows; those it had go on delivering the spikes that are under way. `axons` is the population
        of the axonal spikes that matter to it, -1 for none."""
        cdef CProjection* projection = rows.projection.get()
        projection.number = number
        projection.pre = pre
        projection.axons = axons
        projection.post = post
        projection.receptor = receptor
        projection.shared.clear()
        for i in range(shared.shape[0]):
            projection.shared.push_back(shared[i])
        if module is None:  # a loop that only wants the bookkeeping
            projection.module = NULL
        else:
            projection.module = module.table
        projection.object_index = object_index
        if self.host().projections[number].get() != projection:
            self.host().replace(number, rows.projection)
            self.modules.append(module)

    def apply(self, int number):
        """Applies all that has reached the synapses of a projection that learns by the end of the last step."""
        self.host()
        with nogil:
            self.engine.apply(number)

    def read_column(self, int number, uint64_t[::1] order, int field):
        """A stored field of each synapse, with all applied that has reached it by now; nothing changes."""
        cdef CProjection* projection = self.engine.projections[number].get()
        cdef double[::1] out = np.empty(projection.size())
        if out.shape[0]:
            self.host()
            with nogil:
                self.engine.accept(number)
                projection.read_column(&order[0], field, self.engine.step, self.engine.now(), &out[0])
        return np.asarray(out)

    def read_events(self, int number, uint64_t[::1] order):
        """Steps of the last pre- and post-synaptic spikes that have reached each synapse (nan: none), and the traces right after."""
        cdef CProjection* projection = self.host().projections[number].get()
        cdef int64_t n = projection.size()
        cdef double[::1] last_pre = np.empty(n), last_post = np.empty(n)
        cdef double[:, ::1] pre_traces = np.zeros((projection.module.n_pre_traces + 1, n))
        cdef double[:, ::1] post_traces = np.zeros((projection.module.n_post_traces + 1, n))
        if n:
            self.host().accept(number)
            projection.read_events(&order[0], self.host().step, &last_pre[0], &last_post[0], &pre_traces[0, 0], &post_traces[0, 0])
        traces = (np.asarray(pre_traces)[: projection.module.n_pre_traces], np.asarray(post_traces)[: projection.module.n_post_traces])
        return np.asarray(last_pre), np.asarray(last_post), *traces

    def set_draining(self, list rows):
        """Replaced rows whose spikes another loop still delivers: they count for the bounds of what may arrive."""
        self.host().draining.clear()
        for item in rows:
            self.host().draining.push_back((<Rows?>item).projection)

    def state(self):
        """What is kept from one step to the next and Python does not hold, uint8; spikes on replaced rows are not in it."""
        cdef vector[uint8_t] data = self.host().state()
        cdef uint8_t[::1] out = np.empty(data.size(), np.uint8)
        if data.size():
            memcpy(&out[0], data.data(), data.size())
        return np.asarray(out)

    def restore(self, const uint8_t[::1] data):
        """Takes over the state of a network like this one; RuntimeError where it is of another."""
        self.host().restore(&data[0], data.shape[0])

    @property
    def is_draining(self):
        """Whether spikes are under way on rows that have been replaced."""
        return self.engine.draining.size() > 0

    def clear_events(self):
        self.host().clear_events()

    def clear_spikes(self, int number):
        """Forgets spikes of a population that are under way."""
        self.host().clear_spikes(number)

    def set_active(self, int number, bint active):
        """Whether the cells of a population do anything."""
        self.host().populations[number].get().active = active

    def use_device(self, Device device):
        """From now on steps are done by a device; there is one partition."""
        self.engine.use_device(device.device)

    def take_back(self):
        """Spikes under way come back from a device, if there is one; called by whatever here may have to do with them."""
        self.engine.take_back()

    def fetch(self, state):
        """The values of a state, an array of a population, come back from a device."""
        self.engine.fetch(_address(state))

    def touch(self, state):
        """The values of a state will be others than a device has."""
        self.engine.touch(_address(state))

    def fetch_all(self):
        """All states come back from a device."""
        self.engine.fetch_all()

    def push(self):
        """States that have been changed go to a device now, instead of with the next run."""
        self.engine.push()

    def leave_device(self):
        """No step is done by the device any more: its memory is free."""
        self.engine.use_device(shared_ptr[CDevice]())

    def run(self, int64_t n_steps, int workers):
        """Runs without the GIL; returns the number of a projection whose increment failed, or -1."""
        cdef int failed
        with nogil:
            failed = self.engine.run(n_steps, workers)
        return failed

    @property
    def work(self):
        """What all runs did: counts of steps, updates of cells, spikes and events; see work.h."""
        cdef Work* work = &self.engine.work
        return work.steps, work.updates, work.spikes, work.events

    @property
    def seconds(self):
        """Where the time of all runs went: seconds in each of the phases of work.h, undivided ones, preparation."""
        cdef Work* work = &self.engine.work
        return [work.seconds[phase] for phase in range(work.seconds.size())], work.undivided, work.preparation
