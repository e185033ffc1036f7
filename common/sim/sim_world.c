/* sim_world.c -- the world of a simulation: its one sequence of random numbers, its count of port
 * calls and the clock that shows its virtual time.  Knows no twin. */
#include "common/sim/sim.h"

/* splitmix64: every seed, zero too, gives a full-period sequence. */
uint64_t mr_sim_random(struct mr_sim_world *world)
{
    uint64_t z = world->seed += 0x9e3779b97f4a7c15U;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

bool mr_sim_fails(struct mr_sim_world *world, enum mr_sim_fault fault)
{
    return world->fail_at != 0 && world->calls == world->fail_at && world->fault == fault;
}

void mr_sim_call(struct mr_sim_world *world)
{
    world->calls++;
}

static int64_t clock_now_ms(struct mr_clock *clock)
{
    return ((struct mr_sim_clock *)clock)->world->now_ms;
}

void mr_sim_clock_init(struct mr_sim_clock *sim, struct mr_sim_world *world)
{
    sim->clock = (struct mr_clock){.wall_ms = clock_now_ms, .mono_ms = clock_now_ms};
    sim->world = world;
}
