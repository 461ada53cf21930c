using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Mainstay.Traffic.Path;

/// <summary>
/// Builds <see cref="ValueTask{T}"/> from an async method whose suspended state is taken from a pool and given back when it was awaited.
/// So the stations can be written as plain async methods and still allocate nothing per request, however many exchanges are suspended
/// at a time (the runtime's own pooling builder keeps only one spare state per core).
/// </summary>
/// <remarks>Used as <c>[AsyncMethodBuilder(typeof(ReusedTask&lt;&gt;))]</c>. Each task is awaited exactly once. Execution contexts do not flow.</remarks>
internal struct ReusedTask<T>
{
    private State? state;
    private T result;

    public static ReusedTask<T> Create() => default;

    public readonly ValueTask<T> Task => state is null ? new ValueTask<T>(result) : new ValueTask<T>(state, state.Version);

    public readonly void Start<TMachine>(ref TMachine machine) where TMachine : IAsyncStateMachine => machine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine machine) => throw new NotSupportedException(machine.ToString());

    public void SetResult(T value)
    {
        if (state is null) result = value;
        else state.SetResult(value);
    }

    public void SetException(Exception error)
    {
        state ??= new Faulted();
        state.SetException(error);
    }

    public void AwaitOnCompleted<TAwaiter, TMachine>(ref TAwaiter awaiter, ref TMachine machine)
        where TAwaiter : INotifyCompletion where TMachine : IAsyncStateMachine =>
        awaiter.OnCompleted(Suspend(ref machine));

    public void AwaitUnsafeOnCompleted<TAwaiter, TMachine>(ref TAwaiter awaiter, ref TMachine machine)
        where TAwaiter : ICriticalNotifyCompletion where TMachine : IAsyncStateMachine =>
        awaiter.UnsafeOnCompleted(Suspend(ref machine));

    private Action Suspend<TMachine>(ref TMachine machine) where TMachine : IAsyncStateMachine
    {
        if (state is Suspended<TMachine> already) return already.Resume;
        var rented = LocalPool<Suspended<TMachine>>.Rent() ?? new Suspended<TMachine>();
        // The builder lives inside the machine: it must know its state before the machine is copied into it.
        state = rented;
        rented.Machine = machine;
        return rented.Resume;
    }

    private abstract class State : IValueTaskSource<T>
    {
        private ManualResetValueTaskSourceCore<T> core;

        public short Version => core.Version;

        public void SetResult(T value) => core.SetResult(value);

        public void SetException(Exception error) => core.SetException(error);

        public ValueTaskSourceStatus GetStatus(short token) => core.GetStatus(token);

        public void OnCompleted(Action<object?> next, object? of, short token, ValueTaskSourceOnCompletedFlags flags) =>
            core.OnCompleted(next, of, token, ValueTaskSourceOnCompletedFlags.None);

        public T GetResult(short token)
        {
            try
            {
                return core.GetResult(token);
            }
            finally
            {
                core.Reset();
                Free();
            }
        }

        protected abstract void Free();
    }

    private sealed class Suspended<TMachine> : State where TMachine : IAsyncStateMachine
    {
        public readonly Action Resume;
        public TMachine? Machine;

        public Suspended() => Resume = () => Machine!.MoveNext();

        protected override void Free()
        {
            Machine = default;
            LocalPool<Suspended<TMachine>>.Return(this);
        }
    }

    private sealed class Faulted : State
    {
        protected override void Free()
        {
        }
    }
}
