import { ApiProperty } from '@nestjs/swagger';

/** What Nest answers to a request that fails. */
export class ErrorBody {
  @ApiProperty({ example: 503, description: 'The status of the answer.' })
  statusCode!: number;

  @ApiProperty({
    example: 'This needs a service that is not available at the moment. Please try again later.',
  })
  message!: string;

  @ApiProperty({
    example: 'ENTRA_TOKEN_UNAVAILABLE',
    description: 'The code of the library, or the name of the status.',
  })
  error!: string;
}

/** What Nest answers to a body that is wrong. */
export class InvalidBody {
  @ApiProperty({ example: 400 })
  statusCode!: number;

  @ApiProperty({ type: [String], example: ['text must be a string of 1 to 1000 characters'] })
  message!: string[];

  @ApiProperty({ example: 'Bad Request' })
  error!: string;
}
