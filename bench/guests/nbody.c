/* nbody: five planets, symplectic steps; floating point with square roots and divisions. */
#define BODIES 5
typedef struct { double x, y, z, vx, vy, vz, mass; } body;

static const body initial[BODIES] = {
    {0, 0, 0, 0, 0, 0, 39.47841760435743},
    {4.841431442464721, -1.1603200440274284, -0.10362204447112311, 0.606326392995832, 2.81198684491626,
     -0.02521836165988763, 0.03769367487038949},
    {8.34336671824458, 4.124798564124305, -0.4035234171143214, -1.0107743461787924, 1.8256623712304119,
     0.008415761376584154, 0.011286326131968767},
    {12.894369562139131, -15.111151401698631, -0.22330757889265573, 1.082791006441535, 0.8687130181696082,
     -0.010832637401363636, 0.0017237240570597112},
    {15.379697114850917, -25.919314609987964, 0.17925877295037118, 0.979090732243898, 0.5946989986476762,
     -0.034755955550407164, 0.0020336868699246304},
};
static body bodies[BODIES];

double run(int steps) {
    for (int i = 0; i < BODIES; i++) bodies[i] = initial[i];
    for (int t = 0; t < steps; t++) {
        for (int i = 0; i < BODIES; i++)
            for (int j = i + 1; j < BODIES; j++) {
                body *p = &bodies[i], *q = &bodies[j];
                double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
                double square = dx * dx + dy * dy + dz * dz;
                double pull = 0.001 / (square * __builtin_sqrt(square));
                p->vx -= dx * q->mass * pull, p->vy -= dy * q->mass * pull, p->vz -= dz * q->mass * pull;
                q->vx += dx * p->mass * pull, q->vy += dy * p->mass * pull, q->vz += dz * p->mass * pull;
            }
        for (int i = 0; i < BODIES; i++) {
            body *p = &bodies[i];
            p->x += 0.001 * p->vx, p->y += 0.001 * p->vy, p->z += 0.001 * p->vz;
        }
    }
    double energy = 0;
    for (int i = 0; i < BODIES; i++) {
        body *p = &bodies[i];
        energy += 0.5 * p->mass * (p->vx * p->vx + p->vy * p->vy + p->vz * p->vz) + p->x * p->y;
    }
    return energy;
}
